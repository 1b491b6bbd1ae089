// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/checkpoint.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/comm/world.hpp"
#include "alarm/store/atomic_file.hpp"
#include "alarm/train/sync.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

std::unique_ptr<CausalLm> load_policy(std::uint64_t seed) {
  return CausalLm::load(testing::source_dir() / "tests/data/model/tiny_llama",
                        {.dtype = at::kFloat,
                         .trained = Trained::kAdapter,
                         .adapter = {.rank = 2, .alpha = 4},
                         .seed = seed});
}

void copy_tensors(const NamedTensors& from, const NamedTensors& to) {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < from.size(); ++i) {
    at::Tensor target = to[i].second;
    target.copy_(from[i].second);
  }
}

TEST(TrainState, KeepsEveryBit) {
  const testing::TempDir dir;
  const TrainState state{
      .step = 7,
      .optimizer_steps = 21,
      .kl_coefficient = 0.1 + 0.2,
      .weights_version = 7,
      .normalization = {{"holistic", {.mean = -4.896130742253484, .deviation = 1.0 / 3.0}}},
      .best_value = 2.0 / 7.0,
      .best_step = 5,
      .sound_step = 4};
  write_file_atomically(dir / "state.json", write_state(state));

  const auto read = read_state(dir / "state.json");

  EXPECT_EQ(read.step, 7);
  EXPECT_EQ(read.optimizer_steps, 21);
  EXPECT_EQ(read.kl_coefficient, state.kl_coefficient);
  EXPECT_EQ(read.normalization.at("holistic").mean, -4.896130742253484);
  EXPECT_EQ(read.normalization.at("holistic").deviation, 1.0 / 3.0);
  EXPECT_EQ(read.best_value, state.best_value);
  EXPECT_EQ(read.best_step, 5);
  EXPECT_EQ(read.sound_step, 4);
}

TEST(Checkpoints, KeepTheBestAndTheSoundOneBesidesTheNewest) {
  const testing::TempDir dir;
  run_thread_world(1, [&](World& world) {
    const TrainConfig config;
    const auto policy = load_policy(1);
    Learner learner(*policy, {.host = &world.communicator(), .device = &world.communicator()},
                    config);
    const Checkpoints checkpoints(dir.path(), 1);
    for (const std::int64_t step : {1, 2, 3, 4}) {
      checkpoints.save({.step = step, .best_step = 1, .sound_step = 2}, *policy, learner);
    }

    for (const std::int64_t kept : {1, 2, 4}) {
      EXPECT_TRUE(std::filesystem::exists(checkpoints.path_of(kept))) << kept;
    }
    EXPECT_FALSE(std::filesystem::exists(checkpoints.path_of(3)));
  });
}

TEST(Checkpoints, GoBackToTheSameWeightsAndPassOverDamagedOnes) {
  const testing::TempDir dir;
  run_thread_world(1, [&](World& world) {
    const TrainConfig config;
    const LearnerGroup group{.host = &world.communicator(), .device = &world.communicator()};
    const auto policy = load_policy(1), other = load_policy(2);
    Learner learner(*policy, group, config), other_learner(*other, group, config);
    const Checkpoints checkpoints(dir.path(), 2);
    for (const std::int64_t step : {1, 2, 3, 4})
      checkpoints.save({.step = step, .best_step = 1}, *policy, learner);

    EXPECT_TRUE(std::filesystem::exists(checkpoints.path_of(1)));  // the best stays
    EXPECT_FALSE(std::filesystem::exists(checkpoints.path_of(2)));
    EXPECT_EQ(checkpoints.latest(), checkpoints.path_of(4));

    Checkpoints::load_trained(checkpoints.path_of(4), *other);
    Checkpoints::load_learner(checkpoints.path_of(4),
                              Checkpoints::load_state(checkpoints.path_of(4)), other_learner);
    EXPECT_EQ(digest_tensors(other->trainable()), digest_tensors(policy->trainable()));

    testing::write_file(checkpoints.path_of(4) / "state.json", "{}");
    EXPECT_THROW(Checkpoints::load_state(checkpoints.path_of(4)), Error);
    EXPECT_EQ(checkpoints.latest(), checkpoints.path_of(3));
    std::filesystem::remove(checkpoints.path_of(3) / "MANIFEST.json");
    EXPECT_EQ(checkpoints.latest(), checkpoints.path_of(1));
  });
}

TEST(Checkpoints, HoldTheAverageBesideTheLastWeightsAndReleaseIt) {
  const testing::TempDir dir;
  run_thread_world(1, [&](World& world) {
    TrainConfig config;
    config.optimizer.ema.decay = 0.9;
    const LearnerGroup group{.host = &world.communicator(), .device = &world.communicator()};
    const auto policy = load_policy(1), other = load_policy(2), averaged = load_policy(3);
    Learner learner(*policy, group, config), other_learner(*other, group, config);
    copy_tensors(averaged->trainable(), learner.averaged_weights());
    const Checkpoints checkpoints(dir.path(), 1, EvaluatedWeights::kEma);
    checkpoints.save({.step = 1}, *policy, learner);
    const auto saved = checkpoints.path_of(1);

    Checkpoints::load_trained(saved, *other);
    Checkpoints::load_learner(saved, Checkpoints::load_state(saved), other_learner);

    EXPECT_EQ(digest_tensors(other->trainable()), digest_tensors(policy->trainable()));
    EXPECT_EQ(digest_tensors(other_learner.averaged_weights()),
              digest_tensors(averaged->trainable()));
    EXPECT_EQ(digest_tensors(learner.averaged_weights()), digest_tensors(averaged->trainable()));
    Checkpoints::load_trained(saved, *other, EvaluatedWeights::kEma);
    EXPECT_EQ(digest_tensors(other->trainable()), digest_tensors(averaged->trainable()));
    averaged->save_adapter(dir / "expected");
    EXPECT_EQ(read_whole_file(saved / "adapter" / "adapter_model.safetensors"),
              read_whole_file(dir / "expected" / "adapter_model.safetensors"));
  });
}

TEST(Checkpoints, HoldACriticThatIsAModelOfItsOwn) {
  const testing::TempDir dir;
  run_thread_world(1, [&](World& world) {
    TrainConfig config;
    config.algorithm.critic.model = "tiny_llama";
    const LearnerGroup group{.host = &world.communicator(), .device = &world.communicator()};
    const auto policy = load_policy(1), critic = load_policy(2), other_critic = load_policy(3);
    const Learner learner(*policy, group, config, critic.get());
    Learner other(*policy, group, config, other_critic.get());
    ASSERT_NE(digest_tensors(other.critic_weights()), digest_tensors(learner.critic_weights()));
    const Checkpoints checkpoints(dir.path(), 1);

    checkpoints.save({.step = 1}, *policy, learner);
    Checkpoints::load_learner(checkpoints.path_of(1), {.step = 1}, other);

    EXPECT_EQ(digest_tensors(other.critic_weights()), digest_tensors(learner.critic_weights()));
    EXPECT_EQ(digest_tensors(other_critic->trainable()), digest_tensors(critic->trainable()));
  });
}

}  // namespace
}  // namespace alarm_dist

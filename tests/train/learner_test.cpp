// SPDX-License-Identifier: Apache-2.0
// The learner on a tiny Llama in float64: the update must not depend on how a batch is split
// (DESIGN, law 3).
#include "alarm/train/learner.hpp"

#include <functional>
#include <limits>
#include <mutex>
#include <set>
#include <string>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/comm/world.hpp"
#include "alarm/train/sync.hpp"

#include "train/tiny_learner.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;

std::string failure_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const NonFiniteError& error) {
    return error.what();
  }
  return "no failure";
}

Outcome update_in_world(int ranks, const TrainConfig& config) {
  Outcome first;
  run_thread_world(ranks, [&](World& world) {
    auto outcome = update(world.communicator(), config);
    if (world.rank() == 0) first = std::move(outcome);
  });
  return first;
}

double relative_distance(const Outcome& a, const Outcome& b) {
  double squares = 0, norm = 0;
  for (std::size_t i = 0; i < a.weights.size(); ++i) {
    squares += (a.weights[i] - b.weights[i]).square().sum().item<double>();
    norm += b.weights[i].square().sum().item<double>();
  }
  return std::sqrt(squares / norm);
}

TEST(Learner, UpdatesTheSameHoweverTheBatchIsSplit) {
  const auto whole = update_in_world(1, make_config(100000));

  // AdamW's first steps divide gradients by their own size, so rounding grows where a gradient is
  // all but zero.
  for (const std::int64_t micro_tokens : {1, 17, 40}) {
    EXPECT_LT(relative_distance(update_in_world(1, make_config(micro_tokens)), whole), 1e-9)
        << micro_tokens;
  }
  for (const int ranks : {2, 3, 8}) {
    const auto split = update_in_world(ranks, make_config(40));
    EXPECT_LT(relative_distance(split, whole), 1e-9) << ranks;
    EXPECT_NEAR(split.metrics.at("grad_norm"), whole.metrics.at("grad_norm"), 1e-9) << ranks;
    EXPECT_NEAR(split.metrics.at("loss/policy"), whole.metrics.at("loss/policy"), 1e-10) << ranks;
    EXPECT_NEAR(split.metrics.at("kl/k1"), whole.metrics.at("kl/k1"), 1e-10) << ranks;
  }
}

TEST(Learner, RepeatsItselfBitForBit) {
  const auto first = update_in_world(2, make_config(40)),
             second = update_in_world(2, make_config(40));

  EXPECT_EQ(relative_distance(first, second), 0.0);
}

TEST(Learner, FirstRatioIsExactlyOneWithRecomputedLogprobs) {
  auto config = make_config(40);
  config.algorithm.minibatch = 15;
  config.algorithm.epochs = 1;

  const auto outcome = update_in_world(1, config);

  EXPECT_EQ(outcome.metrics.at("ratio/first_deviation"), 0.0);
  EXPECT_EQ(outcome.metrics.at("approximate_kl"), 0.0);
  EXPECT_EQ(outcome.metrics.at("clip_fraction"), 0.0);
  EXPECT_EQ(outcome.metrics.at("kl/k1"), 0.0);  // adapters begin as the reference
}

TEST(Learner, SampledLogprobsAreTakenAsTheyAre) {
  auto config = make_config(40);
  config.algorithm.old_logprobs = OldLogprobs::kSampled;

  EXPECT_GT(update_in_world(1, config).metrics.at("ratio/first_deviation"), 1e-3);
}

// The policy of etpo has no ratio, but moves away from what it was when the step began, too.
TEST(Learner, LeavesOutTheEpochsOfEtpoThatWouldMoveItTooFar) {
  auto config = make_config(40);
  config.algorithm.kind = "etpo";
  config.algorithm.value_trains_trunk = false;
  config.algorithm.epochs = 6;
  config.algorithm.kl.coef = 0.01;
  const auto free = update_in_world(1, config).metrics;
  ASSERT_GT(free.at("approximate_kl"), 1e-6);
  config.algorithm.early_stop_kl = 1e-9;

  const auto held = update_in_world(2, config).metrics;

  EXPECT_EQ(free.at("epochs"), 6);
  EXPECT_LT(held.at("epochs"), 6);
}

TEST(Learner, StopsBeforeAnUpdateThatIsNotFinite) {
  const auto policy = load_policy();
  const auto config = make_config(40);
  run_thread_world(1, [&](World& world) {
    Learner learner(*policy, {.host = &world.communicator(), .device = &world.communicator()},
                    config);
    const auto rollouts = make_rollouts(policy->shape().vocabulary);
    auto rewards = make_rewards(rollouts);
    rewards[4].rewards.back() = std::numeric_limits<double>::quiet_NaN();
    const auto before = digest_tensors(policy->trainable());

    const auto message = failure_of([&] { learner.update(0, rollouts, rewards); });

    const auto last = rollouts[4].response.size() - 1;
    EXPECT_NE(message.find(fmt::format("sample 4, token {}: the reward is nan", last)),
              std::string::npos)
        << message;
    EXPECT_EQ(digest_tensors(policy->trainable()), before);
  });
}

TEST(Learner, SkippingNamesTheSamplesThatWereLeftOut) {
  const auto policy = load_policy();
  auto config = make_config(40);
  config.algorithm.on_nonfinite = OnNonFinite::kSkip;
  run_thread_world(1, [&](World& world) {
    Learner learner(*policy, {.host = &world.communicator(), .device = &world.communicator()},
                    config);
    const auto rollouts = make_rollouts(policy->shape().vocabulary);
    auto rewards = make_rewards(rollouts);
    const auto before = digest_tensors(policy->trainable());
    const auto sound = rewards;
    for (const std::size_t i : {4, 7})
      rewards[i].rewards.back() = std::numeric_limits<double>::infinity();

    learner.update(0, rollouts, rewards);

    EXPECT_EQ(learner.left_out(), (std::set<std::uint32_t>{4, 7}));
    EXPECT_EQ(digest_tensors(policy->trainable()), before);
    learner.update(1, rollouts, sound);
    EXPECT_TRUE(learner.left_out().empty());
    EXPECT_NE(digest_tensors(policy->trainable()), before);
  });
}

TEST(Learner, AnUpdateThatBreaksTheWeightsIsNeverSkipped) {
  const auto policy = load_policy();
  auto config = make_config(40);
  config.algorithm.minibatch = 16;
  config.algorithm.epochs = 1;
  config.algorithm.on_nonfinite = OnNonFinite::kSkip;
  config.optimizer.lr = std::numeric_limits<double>::infinity();
  run_thread_world(1, [&](World& world) {
    Learner learner(*policy, {.host = &world.communicator(), .device = &world.communicator()},
                    config);
    const auto rollouts = make_rollouts(policy->shape().vocabulary);

    const auto message = failure_of([&] { learner.update(0, rollouts, make_rewards(rollouts)); });

    EXPECT_NE(message.find("step 1: the update left weights that are not finite"),
              std::string::npos)
        << message;
  });
}

}  // namespace
}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// A critic with a model of its own beside one on the policy's hidden states. A tiny Llama in
// float64.
#include "train/critic.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "alarm/base/random.hpp"
#include "alarm/comm/world.hpp"
#include "alarm/train/learner.hpp"
#include "alarm/train/sync.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using Tokens = std::vector<std::int64_t>;

// Its adapter changes nothing yet: half of it is zero.
std::unique_ptr<CausalLm> load_model(std::uint64_t seed) {
  return CausalLm::load(testing::source_dir() / "tests/data/model/tiny_llama",
                        {.dtype = at::kDouble, .adapter = {.rank = 2, .alpha = 4}, .seed = seed});
}

const Tokens kPrompt{1, 5, 9, 2};
const std::vector<Tokens> kResponses{{3, 4, 5}, {6}, {7, 8}};

ResponseBatch make_responses() {
  ResponseBatch responses;
  responses.add(kPrompt, kResponses);
  return responses;
}

// At zero, where it begins, a head says nothing of the states.
void move_head(const Critic& critic) {
  const at::NoGradGuard no_grad;
  for (auto& [name, tensor] : critic.trainable()) {
    if (name.rfind("value_head", 0) != 0) continue;
    auto flat = tensor.view(-1);
    for (std::int64_t i = 0; i < flat.numel(); ++i)
      flat[i] = draw_normal({.seed = 8, .sample = static_cast<std::uint32_t>(i)});
  }
}

TEST(ValueCritic, OnAModelOfItsOwnBeginsAsOnThePolicy) {
  const auto policy = load_model(1), trunk = load_model(2);
  const AlgorithmConfig config;
  const auto shared = ValueCritic::on_policy(*policy, config);
  const auto own = ValueCritic::on_trunk(*trunk, config);
  move_head(*shared);
  move_head(*own);
  const auto responses = make_responses();
  const CriticView view{responses, response_states(*policy, responses, Adapter::kOn)};

  const auto values_T = own->values(view);

  EXPECT_GT(values_T.abs().min().item<double>(), 1e-3);
  EXPECT_TRUE(at::equal(values_T, shared->values(view)));
}

TEST(ValueCritic, TrainsItsOwnModelAndNotThePolicy) {
  const auto policy = load_model(1), trunk = load_model(2);
  const AlgorithmConfig config;
  const auto own = ValueCritic::on_trunk(*trunk, config);
  move_head(*own);
  const auto responses = make_responses();
  const CriticView view{responses, response_states(*policy, responses, Adapter::kOn)};
  const auto zeros_T = at::zeros({responses.tokens()}, at::kDouble);

  own->loss(view, {.values_T = zeros_T, .returns_T = zeros_T + 1}).sum.backward();

  double moved = 0;
  for (const auto& [name, tensor] : own->trainable()) {
    ASSERT_TRUE(tensor.grad().defined()) << name;
    moved += name.rfind("critic.", 0) == 0 ? tensor.grad().abs().sum().item<double>() : 0;
  }
  EXPECT_GT(moved, 1e-3);
  for (const auto& [name, tensor] : policy->trainable())
    EXPECT_FALSE(tensor.grad().defined()) << name;
}

std::vector<Rollout> make_rollouts() {
  std::vector<Rollout> rollouts;
  for (std::size_t i = 0; i < kResponses.size(); ++i) {
    Rollout& rollout = rollouts.emplace_back();
    rollout.sample_id = static_cast<std::uint32_t>(i);
    rollout.prompt = kPrompt;
    rollout.response = kResponses[i];
    rollout.policy_logprobs.assign(kResponses[i].size(), -5.0F);
  }
  return rollouts;
}

std::vector<ComposedReward> make_rewards() {
  std::vector<ComposedReward> rewards;
  for (std::size_t i = 0; i < kResponses.size(); ++i) {
    rewards.emplace_back().rewards.assign(kResponses[i].size(), 0.0);
    rewards.back().rewards.back() =
        draw_normal({.seed = 4, .sample = static_cast<std::uint32_t>(i)});
  }
  return rewards;
}

// The policy's weights after steps of one epoch.
std::string policy_after(const std::string& critic_model, std::int64_t steps) {
  std::string digest;
  run_thread_world(1, [&](World& world) {
    TrainConfig config;
    config.algorithm.critic.model = critic_model;
    config.algorithm.epochs = 1;
    const auto policy = load_model(1), critic = load_model(2);
    const LearnerGroup group{.host = &world.communicator(), .device = &world.communicator()};
    Learner learner(*policy, group, config, critic.get());
    const auto rollouts = make_rollouts();
    const auto rewards = make_rewards();
    for (std::int64_t step = 0; step < steps; ++step) learner.update(step, rollouts, rewards);
    digest = digest_tensors(policy->trainable());
  });
  return digest;
}

// All values are 0 in the first step; in the second they are those of different critics.
TEST(ValueCritic, ChangesWhatThePolicyLearnsByItsValuesOnly) {
  EXPECT_EQ(policy_after("tiny_llama", 1), policy_after("", 1));
  EXPECT_NE(policy_after("tiny_llama", 2), policy_after("", 2));
}

// All that is trained, after two steps of PPO without a KL term.
std::vector<at::Tensor> ppo_after(const AlgorithmConfig& algorithm,
                                  const std::vector<ComposedReward>& rewards) {
  std::vector<at::Tensor> weights;
  run_thread_world(1, [&](World& world) {
    TrainConfig config;
    config.algorithm = algorithm;
    config.algorithm.kl = {.coef = 0, .target = 0};
    const auto policy = load_model(1);
    const LearnerGroup group{.host = &world.communicator(), .device = &world.communicator()};
    Learner learner(*policy, group, config);
    for (std::int64_t step = 0; step < 2; ++step) learner.update(step, make_rollouts(), rewards);
    for (const auto& tensors : {policy->trainable(), learner.critic_weights()})
      for (const auto& [name, tensor] : tensors) weights.push_back(tensor.detach().clone());
  });
  return weights;
}

double largest_difference(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    largest = std::max(largest, (a[i] - b[i]).abs().max().item<double>());
  return largest;
}

// (r - mean) / sqrt(variance + 1e-8) + mean over all tokens, the variance with Bessel's correction.
std::vector<ComposedReward> whitened_by_hand(std::vector<ComposedReward> rewards) {
  double count = 0, sum = 0, squares = 0;
  for (const auto& reward : rewards) {
    for (const double r : reward.rewards) {
      count += 1;
      sum += r;
      squares += r * r;
    }
  }
  const double mean = sum / count;
  const double variance = (squares - count * mean * mean) / (count - 1);
  for (auto& reward : rewards)
    for (double& r : reward.rewards) r = (r - mean) / std::sqrt(variance + 1e-8) + mean;
  return rewards;
}

TEST(Learner, LearnsFromWhitenedRewardsAsIfTheyHadBeenGivenSo) {
  const auto rewards = make_rewards();

  const auto asked = ppo_after({.whiten_rewards = true}, rewards);

  const auto given = ppo_after({}, whitened_by_hand(rewards));
  EXPECT_LT(largest_difference(asked, given), 1e-12);
  EXPECT_GT(largest_difference(asked, ppo_after({}, rewards)), 1e-6);
}

// The weights of policy, critic and target after two steps of etpo, of two epochs each.
std::string etpo_after(BaseWeights base) {
  std::string digest;
  run_thread_world(1, [&](World& world) {
    TrainConfig config;
    config.algorithm.kind = "etpo";
    const auto policy = load_model(1), critic = load_model(2);
    const LearnerGroup group{.host = &world.communicator(), .device = &world.communicator()};
    Learner learner(*policy, group, config, critic.get(), base);
    const auto rollouts = make_rollouts();
    const auto rewards = make_rewards();
    for (std::int64_t step = 0; step < 2; ++step) learner.update(step, rollouts, rewards);
    digest = digest_tensors(policy->trainable()) + digest_tensors(learner.critic_weights());
  });
  return digest;
}

TEST(QCritic, HasTheSameBitsWhereABaseThatIsThePolicysIsComputedOnce) {
  EXPECT_EQ(etpo_after(BaseWeights::kShared), etpo_after(BaseWeights::kDistinct));
}

}  // namespace
}  // namespace alarm_dist

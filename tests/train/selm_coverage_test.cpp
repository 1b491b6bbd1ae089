// SPDX-License-Identifier: Apache-2.0
// What SELM's optimism is for (specs/related-systems.md 5): with the same draws and the same
// iterates as reference, it tries more of the responses than DPO does.
#include <set>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "alarm/base/random.hpp"
#include "alarm/comm/world.hpp"
#include "alarm/model/generator.hpp"
#include "alarm/train/learner.hpp"

#include "support/tabular_lm.hpp"

namespace alarm_dist::testing {
namespace {

constexpr TabularShape kShape{.prompts = 1, .vocabulary = 4, .response_tokens = 3};  // 64 responses
constexpr std::int64_t kSteps = 40, kSamples = 4;

TrainConfig make_config(const std::string& kind, std::int64_t seed) {
  TrainConfig config;
  config.run.seed = seed;
  config.run.steps = kSteps;
  config.rollout.batch = kSamples;
  config.rollout.samples_per_prompt = kSamples;
  config.rollout.sampling.max_new_tokens = kShape.response_tokens;
  config.algorithm.kind = kind;
  config.algorithm.minibatch = kSamples;
  config.algorithm.epochs = 4;  // at the first, policy and reference are one
  config.algorithm.reference = {.kind = ReferenceKind::kReset, .every = 1};
  config.algorithm.preference.beta = 0.5;
  config.algorithm.preference.alpha = 1;
  config.optimizer.kind = OptimizerKind::kSgd;
  config.optimizer.beta1 = 0;
  config.optimizer.lr = 1;
  config.optimizer.max_grad_norm = 0;
  return config;
}

// The better the more the tokens agree with a fixed answer, with a grain of its own a response.
ComposedReward worth(const Rollout& rollout) {
  std::uint32_t number = 0;
  double reward = 0;
  for (const auto token : rollout.response) {
    number = number * 4 + static_cast<std::uint32_t>(token);
    reward += token == 2 ? 1 : 0;
  }
  ComposedReward composed;
  composed.rewards.assign(rollout.response.size(), 0.0);
  composed.rewards.back() = reward + 0.5 * draw_normal({.seed = 5, .sample = number});
  return composed;
}

std::vector<Rollout> sample(const CausalLm& policy, const TrainConfig& config, std::int64_t step) {
  std::vector<GenerationRequest> requests;
  for (std::uint32_t i = 0; i < kSamples; ++i) requests.push_back({.prompt = {0}, .sample_id = i});
  const auto generations = generate(policy, requests, config.rollout.sampling,
                                    {.seed = static_cast<std::uint64_t>(config.run.seed),
                                     .step = static_cast<std::uint32_t>(step)});
  std::vector<Rollout> rollouts;
  for (std::uint32_t i = 0; i < kSamples; ++i) {
    Rollout rollout;
    rollout.step = step;
    rollout.sample_id = i;
    rollout.prompt = {0};
    rollout.response = generations[i].tokens;
    rollout.policy_logprobs = generations[i].policy_logprobs;
    rollouts.push_back(std::move(rollout));
  }
  return rollouts;
}

// Different responses that the run has tried.
std::size_t tried(const std::string& kind, std::int64_t seed) {
  const PrefixTree tree(kShape);
  const at::Tensor uniform = at::zeros({tree.nodes(), kShape.vocabulary}, at::kDouble);
  const TabularLm policy(tree, uniform, uniform);
  const auto config = make_config(kind, seed);
  std::set<std::vector<std::int64_t>> seen;
  run_thread_world(1, [&](World& world) {
    Learner learner(policy, {.host = &world.communicator(), .device = &world.communicator()},
                    config);
    for (std::int64_t step = 0; step < kSteps; ++step) {
      const auto rollouts = sample(policy, config, step);
      std::vector<ComposedReward> rewards;
      for (const auto& rollout : rollouts) {
        rewards.push_back(worth(rollout));
        seen.insert(rollout.response);
      }
      learner.update(step, rollouts, rewards);
    }
  });
  return seen.size();
}

TEST(Selm, TriesMoreOfTheResponsesThanDpo) {
  std::size_t dpo = 0, selm = 0;
  int wins = 0;
  for (std::int64_t seed = 1; seed <= 10; ++seed) {
    const auto without = tried("dpo", seed), with = tried("selm", seed);
    dpo += without;
    selm += with;
    wins += with > without ? 1 : 0;
  }

  std::printf("of 64 responses, mean over 10 seeds: dpo %.1f, selm %.1f; more in %d\n",
              static_cast<double>(dpo) / 10, static_cast<double>(selm) / 10, wins);
  EXPECT_GT(selm, dpo + 20);  // two responses a run
  EXPECT_GE(wins, 8);
}

}  // namespace
}  // namespace alarm_dist::testing

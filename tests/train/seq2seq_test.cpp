// SPDX-License-Identifier: Apache-2.0
// An encoder-decoder policy on the way of the data: nothing from generation to the update knows of
// it. A tiny T5 in float64.

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "alarm/comm/world.hpp"
#include "alarm/model/generator.hpp"
#include "alarm/model/response_scores.hpp"
#include "alarm/train/learner.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using Tokens = std::vector<std::int64_t>;

std::unique_ptr<CausalLm> load_policy() {
  return CausalLm::load(testing::source_dir() / "tests/data/model/tiny_t5_v1_1",
                        {.dtype = at::kDouble,
                         .trained = Trained::kAdapter,
                         .adapter = {.rank = 4, .alpha = 8, .targets = {"q", "v"}},
                         .seed = 1});
}

// 4 prompts of different lengths.
Tokens make_prompt(std::int64_t number) {
  Tokens tokens;
  for (std::int64_t t = 0; t < 3 + 5 * number; ++t) tokens.push_back(2 + (7 * t + number) % 60);
  return tokens;
}
constexpr std::int64_t kPrompts = 4;

// 4 sampled responses to each.
std::vector<Rollout> generate_rollouts(const CausalLm& policy, std::int64_t max_new_tokens,
                                       std::uint32_t step = 0) {
  std::vector<Rollout> rollouts;
  std::vector<GenerationRequest> requests;
  for (std::int64_t i = 0; i < 4 * kPrompts; ++i) {
    Rollout& rollout = rollouts.emplace_back();
    rollout.sample_id = static_cast<std::uint32_t>(i);
    rollout.prompt_group = i / 4;
    rollout.prompt = make_prompt(i / 4);
    requests.push_back({.prompt = rollout.prompt, .sample_id = rollout.sample_id});
  }
  const auto generations =
      generate(policy, requests, {.max_new_tokens = max_new_tokens}, {.seed = 5, .step = step});
  for (std::size_t i = 0; i < rollouts.size(); ++i) {
    rollouts[i].response = generations[i].tokens;
    rollouts[i].sampled_logprobs = generations[i].sampled_logprobs;
    rollouts[i].policy_logprobs = generations[i].policy_logprobs;
  }
  return rollouts;
}

// Even tokens are what is wanted first.
double value_of(std::int64_t first_token) { return first_token % 2 == 0 ? 1 : -1; }

std::vector<ComposedReward> make_rewards(const std::vector<Rollout>& rollouts) {
  std::vector<ComposedReward> rewards;
  for (const auto& rollout : rollouts) {
    ComposedReward reward;
    reward.rewards.assign(rollout.response.size(), 0.0);
    reward.rewards.back() = value_of(rollout.response.front());
    rewards.push_back(reward);
  }
  return rewards;
}

TrainConfig make_config(std::int64_t micro_tokens) {
  TrainConfig config;
  config.run.seed = 3;
  config.algorithm.minibatch = 8;
  config.algorithm.early_stop_kl = 0;
  config.learner.micro_tokens = micro_tokens;
  config.optimizer.lr = 1e-2;
  return config;
}

// The exact expectation of the reward: the last row of a prompt predicts the first token.
double expected_reward(const CausalLm& policy) {
  const at::NoGradGuard no_gradients;
  double sum = 0;
  for (std::int64_t i = 0; i < kPrompts; ++i) {
    RaggedBatch batch;
    batch.add(make_prompt(i));
    const auto last = policy.hidden(batch, Adapter::kOn).narrow(0, batch.rows() - 1, 1);
    const auto p_V = at::softmax(policy.logits(last, Adapter::kOn), -1).flatten();
    for (std::int64_t token = 0; token < p_V.size(0); ++token)
      sum += value_of(token) * p_V[token].item<double>();
  }
  return sum / kPrompts;
}

enum class CriticIs { kPolicy, kModel, kQ };

std::vector<at::Tensor> weights_after_an_update(int ranks, std::int64_t micro_tokens,
                                                CriticIs critic_is = CriticIs::kPolicy) {
  std::vector<at::Tensor> weights;
  run_thread_world(ranks, [&](World& world) {
    auto config = make_config(micro_tokens);
    if (critic_is == CriticIs::kModel) config.algorithm.critic.model = "tiny_t5_v1_1";
    if (critic_is == CriticIs::kQ) {
      config.algorithm.kind = "etpo";
      config.optimizer.kind = OptimizerKind::kSgd;  // the first gradient is 0 but for rounding
    }
    const auto policy = load_policy(), critic = load_policy();
    auto& communicator = world.communicator();
    Learner learner(*policy, {.host = &communicator, .device = &communicator}, config,
                    critic.get());
    const auto rollouts = generate_rollouts(*policy, 6);
    learner.update(0, rollouts, make_rewards(rollouts));
    if (world.rank() != 0) return;
    for (const auto& tensors : {policy->trainable(), learner.critic_weights()}) {
      for (const auto& [name, tensor] : tensors)
        weights.push_back(tensor.detach().flatten().clone());
    }
  });
  return weights;
}

TEST(Seq2SeqPolicy, LogprobsAreTheSameGeneratedAndRecomputed) {
  const auto policy = load_policy();

  for (const auto& rollout : generate_rollouts(*policy, 6)) {
    ResponseBatch batch;
    batch.add(rollout.prompt, std::vector<Tokens>{rollout.response});
    const auto scores = score_responses(*policy, batch, 1.0, Adapter::kOn).logprobs_T;
    for (std::size_t t = 0; t < rollout.response.size(); ++t) {
      EXPECT_NEAR(scores[static_cast<std::int64_t>(t)].item<double>(), rollout.policy_logprobs[t],
                  1e-5);
    }
  }
}

TEST(Seq2SeqPolicy, UpdatesTheSameHoweverTheBatchIsSplit) {
  const auto whole = at::cat(weights_after_an_update(1, 100000));

  const auto small = at::cat(weights_after_an_update(1, 20));
  const auto shared = at::cat(weights_after_an_update(3, 40));

  EXPECT_LT(((small - whole).norm() / whole.norm()).item<double>(), 1e-9);
  EXPECT_LT(((shared - whole).norm() / whole.norm()).item<double>(), 1e-9);
}

TEST(Seq2SeqPolicy, HasACriticThatIsAnEncoderDecoder) {
  for (const auto critic : {CriticIs::kModel, CriticIs::kQ}) {
    const auto whole = at::cat(weights_after_an_update(1, 100000, critic));

    const auto shared = at::cat(weights_after_an_update(3, 40, critic));

    EXPECT_GT(whole.numel(), at::cat(weights_after_an_update(1, 100000)).numel());
    EXPECT_LT(((shared - whole).norm() / whole.norm()).item<double>(), 1e-9);
  }
}

TEST(Seq2SeqPolicy, LearnsWhatIsRewarded) {
  const auto policy = load_policy();
  auto config = make_config(60);
  config.optimizer.lr = 3e-3;
  config.algorithm.kl.coef = 0;
  const auto before = expected_reward(*policy);

  run_thread_world(1, [&](World& world) {
    auto& communicator = world.communicator();
    Learner learner(*policy, {.host = &communicator, .device = &communicator}, config);
    for (std::uint32_t step = 0; step < 10; ++step) {
      const auto rollouts = generate_rollouts(*policy, /*max_new_tokens=*/1, step);
      learner.update(step, rollouts, make_rewards(rollouts));
    }
  });

  EXPECT_GT(expected_reward(*policy), before + 0.2);
}

}  // namespace
}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "train/tiny_learner.hpp"

#include <ATen/ATen.h>

#include "alarm/base/random.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist::testing {

std::unique_ptr<CausalLm> load_policy() {
  return CausalLm::load(source_dir() / "tests/data/model/tiny_llama",
                        {.dtype = at::kDouble,
                         .trained = Trained::kAdapter,
                         .adapter = {.rank = 2, .alpha = 4},
                         .seed = 1});
}

std::vector<Rollout> make_rollouts(std::int64_t vocabulary) {
  std::vector<Rollout> rollouts;
  for (std::int64_t prompt = 0; prompt < 5; ++prompt) {
    for (std::int64_t j = 0; j < 3; ++j) {
      Rollout rollout;
      rollout.sample_id = static_cast<std::uint32_t>(rollouts.size());
      rollout.prompt_group = prompt;
      const auto draw = [&](std::int64_t sample, std::int64_t token) {
        return static_cast<std::int64_t>(draw_below({.seed = 9,
                                                     .sample = static_cast<std::uint32_t>(sample),
                                                     .token = static_cast<std::uint32_t>(token)},
                                                    static_cast<std::uint64_t>(vocabulary)));
      };
      for (std::int64_t t = 0; t < 4 + prompt; ++t) rollout.prompt.push_back(draw(100 + prompt, t));
      for (std::int64_t t = 0; t < 1 + (prompt + j) % 6; ++t)
        rollout.response.push_back(draw(rollout.sample_id, t));
      rollout.policy_logprobs.assign(rollout.response.size(), -5.0F);
      rollouts.push_back(rollout);
    }
  }
  return rollouts;
}

std::vector<ComposedReward> make_rewards(const std::vector<Rollout>& rollouts) {
  std::vector<ComposedReward> rewards;
  for (const auto& rollout : rollouts) {
    ComposedReward reward;
    reward.rewards.assign(rollout.response.size(), 0.0);
    reward.rewards.back() = draw_normal({.seed = 4, .sample = rollout.sample_id});
    rewards.push_back(reward);
  }
  return rewards;
}

TrainConfig make_config(std::int64_t micro_tokens) {
  TrainConfig config;
  config.run.seed = 3;
  config.algorithm.minibatch = 6;
  config.algorithm.epochs = 2;
  config.algorithm.early_stop_kl = 0;
  config.algorithm.value_trains_trunk = true;
  config.learner.micro_tokens = micro_tokens;
  config.optimizer.lr = 1e-3;
  return config;
}

Outcome update(Communicator& communicator, const TrainConfig& config,
               const std::function<void(CausalLm&)>& prepare) {
  const auto policy = load_policy();
  if (prepare) prepare(*policy);
  const auto critic = resolve_algorithm(config.algorithm).own_critic ? load_policy() : nullptr;
  Learner learner(*policy, {.host = &communicator, .device = &communicator}, config, critic.get());
  const auto rollouts = make_rollouts(policy->shape().vocabulary);
  Outcome outcome;
  for (const auto& [name, value] : learner.update(0, rollouts, make_rewards(rollouts)))
    outcome.metrics[name] = value;
  for (const auto& [name, tensor] : policy->trainable())
    outcome.weights.push_back(tensor.detach().clone());
  for (const auto& [name, tensor] : learner.critic_weights())
    outcome.weights.push_back(tensor.detach().clone());
  return outcome;
}

}  // namespace alarm_dist::testing

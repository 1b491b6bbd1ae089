// SPDX-License-Identifier: Apache-2.0
// A learner on a tiny Llama in float64, with rollouts of random tokens and random rewards.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/comm/communicator.hpp"
#include "alarm/train/learner.hpp"

namespace alarm_dist::testing {

std::unique_ptr<CausalLm> load_policy();
// 5 prompts with 3 responses each; logits of a random model make every response about equally
// likely.
std::vector<Rollout> make_rollouts(std::int64_t vocabulary);
// A number on the last token.
std::vector<ComposedReward> make_rewards(const std::vector<Rollout>& rollouts);
TrainConfig make_config(std::int64_t micro_tokens);

struct Outcome {
  std::vector<at::Tensor> weights;
  std::map<std::string, double> metrics;
};

// One update of a policy that was just loaded, and prepared.
Outcome update(Communicator& communicator, const TrainConfig& config,
               const std::function<void(CausalLm&)>& prepare = {});

}  // namespace alarm_dist::testing

// SPDX-License-Identifier: Apache-2.0
// The advantages of a step by the algorithm's choice, on the host in float64, before whitening.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "alarm/rl/correction.hpp"
#include "alarm/rl/ppo.hpp"
#include "alarm/train/algorithm.hpp"
#include "alarm/train/rollout.hpp"

namespace alarm_dist {

// Per-token numbers of all responses of the step, end to end; groups[r] is the prompt of response
// r.
struct StepNumbers {
  const at::Tensor& rewards_T;  // with the KL term where the algorithm has it in the reward
  const at::Tensor& values_T;   // the critic's; unused without one
  std::span<const std::int64_t> offsets;
  std::span<const std::int64_t> groups;
};

// returns_T is what the critic learns; without one it equals the advantages. A response that
// is alone in its group (the others were left out) has nothing to be compared with: advantage 0.
Advantages estimate_advantages(const Algorithm& algorithm, const AlgorithmConfig& config,
                               const StepNumbers& step);

// The prompt of each rollout.
std::vector<std::int64_t> prompt_groups(std::span<const Rollout> rollouts);
// Share of the prompts with several samples whose rewards all are equal: they teach nothing.
double constant_share(const at::Tensor& rewards_T, std::span<const std::int64_t> offsets,
                      std::span<const std::int64_t> groups);

// Weights 1 and nothing rejected without a correction.
Correction correct_off_policy(const CorrectionConfig& config, const at::Tensor& old_T,
                              const at::Tensor& rollout_T, std::span<const std::int64_t> offsets);

}  // namespace alarm_dist

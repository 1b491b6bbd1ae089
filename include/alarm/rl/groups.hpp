// SPDX-License-Identifier: Apache-2.0
// Advantages without a critic: a response is compared with the others to the same prompt, its group
// (specs/related-systems.md 11.3). R rewards, one a response; groups[r] names the prompt of
// response r in any order.
//
// A whole group must be here: gather before calling where its responses lie on several ranks. A
// group of one response has nothing to be compared with and is an error: the caller drops it first
// (DESIGN 1, stage 3).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/rl/ppo.hpp"

namespace alarm_dist {

// R - mean of the group: Dr. GRPO (Liu et al. 2025), and the first half of REINFORCE++-baseline.
at::Tensor group_centred(const at::Tensor& rewards_R, std::span<const std::int64_t> groups);

// (R - mean) / (deviation + epsilon), deviation with Bessel's correction: GRPO (Shao et al. 2024).
// Epsilon is 1e-6 in verl, 1e-4 in TRL, 1e-9 in OpenRLHF. All rewards equal: 0.
at::Tensor grpo_advantages(const at::Tensor& rewards_R, std::span<const std::int64_t> groups,
                           double epsilon = 1e-6);

// (R - mean of the group) / (deviation + epsilon) with one deviation for the whole batch: TRL's
// scale_rewards "batch". Moments of the rewards of all ranks.
at::Tensor batch_scaled_advantages(const at::Tensor& rewards_R,
                                   std::span<const std::int64_t> groups, const Moments& batch,
                                   double epsilon = 1e-4);

// R - mean of the others = n / (n - 1) (R - mean): RLOO (Ahmadian et al. 2024).
at::Tensor rloo_advantages(const at::Tensor& rewards_R, std::span<const std::int64_t> groups);

// The number of groups whose rewards are all equal: they teach nothing, and DAPO samples again for
// them.
std::int64_t count_constant_groups(const at::Tensor& rewards_R,
                                   std::span<const std::int64_t> groups);
// Their names, ascending. Dynamic sampling (DAPO, Yu et al. 2025) drops them; the metric may be
// another than the reward, such as whether the answer is right.
std::vector<std::int64_t> constant_groups(const at::Tensor& metric_R,
                                          std::span<const std::int64_t> groups);
// The groups whose mean metric does not lie strictly between the bounds: OpenRLHF's dynamic
// filtering. A metric in [0, 1] and the bounds 0 and 1: the all wrong and the all right.
struct MetricRange {
  double low = 0;
  double high = 1;
};
std::vector<std::int64_t> groups_outside(const at::Tensor& metric_R,
                                         std::span<const std::int64_t> groups,
                                         const MetricRange& range);
// False for the responses of the groups that were dropped.
at::Tensor keep_groups(std::span<const std::int64_t> groups, std::span<const std::int64_t> dropped);

// What a token earns from itself to the end of its response, sum over k >= t of gamma^(k - t) r_k.
// Whitened over the global batch (ppo.hpp) it is the advantage of REINFORCE++ (Hu 2025), the KL
// term being in the rewards.
at::Tensor reward_to_go(const at::Tensor& rewards_T, std::span<const std::int64_t> offsets,
                        double gamma);

// A response's number on each of its tokens. REINFORCE++-baseline: group_centred, spread, whitened
// over the global batch.
at::Tensor spread_over_tokens(const at::Tensor& values_R, std::span<const std::int64_t> offsets);
// Its inverse for rewards: their sum a response.
at::Tensor sum_responses(const at::Tensor& values_T, std::span<const std::int64_t> offsets);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// Policy losses beside PPO's that differ in what is clipped (specs/related-systems.md 11.4). Sums
// over tokens, as in ppo.hpp; weights_T as there.
#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

#include "alarm/rl/ppo.hpp"

namespace alarm_dist {

// GSPO (Zheng et al. 2025): the ratio of a response is exp(mean over its tokens of new - old),
// clipped as one; meant for one advantage a response and the aggregation kSequenceMeanTokenMean.
// ratio_sum and clipped count tokens.
PolicyLoss gspo_policy_loss(const at::Tensor& logprobs_T, const at::Tensor& old_logprobs_T,
                            const at::Tensor& advantages_T, std::span<const std::int64_t> offsets,
                            const PolicyClip& clip, const at::Tensor& weights_T = {});

// The ratio of a response is the product of its tokens' (RLOO in TRL), clipped as one; meant as
// GSPO's for one advantage a response and the same aggregation.
PolicyLoss sequence_policy_loss(const at::Tensor& logprobs_T, const at::Tensor& old_logprobs_T,
                                const at::Tensor& advantages_T,
                                std::span<const std::int64_t> offsets, const PolicyClip& clip,
                                const at::Tensor& weights_T = {});

// CISPO (MiniMax 2025): -A * constant(clip(r)) * log policy; no token loses its gradient. clipped
// counts the tokens whose ratio lies outside.
PolicyLoss cispo_policy_loss(const at::Tensor& logprobs_T, const at::Tensor& old_logprobs_T,
                             const at::Tensor& advantages_T, const PolicyClip& clip,
                             const at::Tensor& weights_T = {});

}  // namespace alarm_dist

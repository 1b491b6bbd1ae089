// SPDX-License-Identifier: Apache-2.0
// How the losses of tokens become one number (specs/related-systems.md 11.4): a constant weight a
// token, so that loss = sum of weights_T * losses_T. The denominators are counts over the whole
// mini-batch, on all ranks and in all micro-batches: gradients are then summed, never averaged, and
// the loss does not depend on the split (DESIGN, law 3).
#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

enum class Aggregation {
  kTokenMean,              // every token counts the same: PPO, DAPO
  kSequenceMeanTokenMean,  // every response counts the same: GRPO, GSPO
  kSequenceMeanTokenSum,   // sums of responses, averaged
  kFixedLength,  // sums divided by responses * longest possible length: Dr. GRPO, free of length
                 // bias
};

// Add them up over micro-batches and ranks, except the length, which is a setting.
struct LossCounts {
  double tokens = 0;
  double responses = 0;  // those with at least one token
  double fixed_length = 0;
};
LossCounts count_losses(std::span<const std::int64_t> offsets);
// Of what is left where tokens were rejected (kept_T, bool: correction.hpp, overlong.hpp).
LossCounts count_losses(std::span<const std::int64_t> offsets, const at::Tensor& kept_T);

// Offsets are those of the tokens at hand, global the counts of the mini-batch.
at::Tensor aggregation_weights(std::span<const std::int64_t> offsets, Aggregation kind,
                               const LossCounts& global);
// 0 on rejected tokens; global are the counts of kept ones.
at::Tensor aggregation_weights(std::span<const std::int64_t> offsets, Aggregation kind,
                               const LossCounts& global, const at::Tensor& kept_T);

}  // namespace alarm_dist

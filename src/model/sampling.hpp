// SPDX-License-Identifier: Apache-2.0
// From logits to tokens.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/generator.hpp"

#include "model/logit_processors.hpp"

namespace alarm_dist {

struct SampledTokens {
  at::Tensor tokens_B;            // int64
  at::Tensor sampled_logprobs_B;  // of the distribution sampled
  at::Tensor policy_logprobs_B;   // without processors and truncation
};

// What decides a row's token where several are possible.
struct RowDraws {
  std::span<const double> uniforms;  // in [0, 1): a token is the inverse of the cumulative
                                     // distribution; unused where greedy
  at::Tensor greedy_B = {};          // bool: rows that take the likeliest token; undefined: none
};

// The context is needed where the config asks for what reads it. A row whose logits are not finite
// gets some token, with log-probabilities that are not finite.
SampledTokens sample_tokens(const at::Tensor& logits_BV, const SamplingConfig& sampling,
                            const RowDraws& draws, const SequenceContext& context = {});

}  // namespace alarm_dist

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

// uniforms: one number in [0, 1) a row (unused when greedy). A token is the inverse of the
// cumulative distribution. The context is needed where the config asks for what reads it.
SampledTokens sample_tokens(const at::Tensor& logits_BV, const SamplingConfig& sampling,
                            std::span<const double> uniforms, const SequenceContext& context = {});

}  // namespace alarm_dist

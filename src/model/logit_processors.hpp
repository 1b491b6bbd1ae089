// SPDX-License-Identifier: Apache-2.0
// Changes of logits that depend on the tokens before them, as transformers' processors of the same
// names make them, in transformers' order: repetition penalty, bad words, minimum length.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/generator.hpp"

namespace alarm_dist {

// The tokens before the one to be sampled: the prompt, or what an encoder-decoder's decoder began
// with, and the answer so far.
struct RowTokens {
  std::span<const std::int64_t> prompt, generated;
};

struct SequenceContext {
  std::vector<RowTokens> rows;  // of the logits
  std::span<const std::int64_t> eos_tokens = {};
};

// Whether the config asks for any of them.
bool reads_context(const SamplingConfig& sampling);

// The logits themselves when nothing is asked for; else a changed copy.
at::Tensor process_logits(const at::Tensor& logits_BV, const SamplingConfig& sampling,
                          const SequenceContext& context);

}  // namespace alarm_dist

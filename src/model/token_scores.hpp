// SPDX-License-Identifier: Apache-2.0
// Log-probabilities of targets and entropies straight from hidden states, a chunk of rows at a
// time.
#pragma once

#include <ATen/core/Tensor.h>

#include "alarm/model/response_scores.hpp"

namespace alarm_dist {

struct TokenScores {
  at::Tensor logprobs_T;
  at::Tensor entropy_T;
};

// softmax(states head' / temperature) at the targets; differentiable in the states, and in the head
// where that is trained. With a frozen head a target's log-probability is one number of D inputs:
// its gradient (head[target] - sum_v p_v head[v]) / temperature is computed with it, [T, D], so
// that neither the [T, V] matrix nor a second product is needed. The entropy's gradient costs one,
// and is there only where it is wanted.
TokenScores score_tokens(const at::Tensor& states_TD, const at::Tensor& head_VD,
                         const at::Tensor& targets_T, double temperature,
                         EntropyGradient entropy = EntropyGradient::kNo,
                         std::int64_t logits_at_once = kLogitsAtOnce);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// Log-probabilities, entropies and hidden states at the tokens of responses: what losses are made
// of.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "alarm/model/causal_lm.hpp"

namespace alarm_dist {

// Elements of logits that exist at a time, some rows of them: 64 rows of 49,152 float32 logits are
// 12 MiB, which a processor's cache and allocator take well.
inline constexpr std::int64_t kLogitsAtOnce = std::int64_t{64} * 49152;

// So many times more in the backward pass of a head that is trained: each piece adds to a gradient
// of the head's size, so that fewer and larger ones take less time.
inline constexpr std::int64_t kTrainedHeadFactor = 8;

// A ragged batch of responses and where their tokens are predicted. Row r of the results belongs to
// the r-th response token in the order of add() calls.
class ResponseBatch {
 public:
  // Adds a prompt and its responses (none empty); responses of one prompt share its rows.
  void add(std::span<const std::int64_t> prompt,
           std::span<const std::vector<std::int64_t>> responses);

  const RaggedBatch& batch() const { return batch_; }
  const std::vector<std::int64_t>& predicting_rows() const {
    return rows_;
  }  // T: row whose state predicts token t
  const std::vector<std::int64_t>& targets() const { return targets_; }  // T
  const std::vector<std::int64_t>& offsets() const {
    return offsets_;
  }  // R+1: response r owns [o[r], o[r+1])
  std::int64_t tokens() const { return static_cast<std::int64_t>(targets_.size()); }

 private:
  RaggedBatch batch_;
  std::vector<std::int64_t> rows_, targets_, offsets_{0};
};

struct ResponseScores {
  at::Tensor logprobs_T;  // log softmax(logits / temperature)[target], float32 or wider
  at::Tensor entropy_T;   // of the same distribution; differentiable if asked for
  at::Tensor states_TD;   // hidden states of the predicting rows (for a value head)
};

// The hidden states alone, [T, D]; differentiable unless grad mode is off.
at::Tensor response_states(const CausalLm& model, const ResponseBatch& responses, Adapter adapter);

enum class EntropyGradient { kNo, kYes };

// Differentiable unless grad mode is off. Logits are computed in chunks of rows, with
// their gradient when it is wanted, so that the [T, V] matrix never exists whole.
ResponseScores score_responses(const CausalLm& model, const ResponseBatch& responses,
                               double temperature, Adapter adapter,
                               EntropyGradient entropy = EntropyGradient::kNo);

}  // namespace alarm_dist

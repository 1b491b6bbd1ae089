// SPDX-License-Identifier: Apache-2.0
// Rotary self-attention over a ragged batch, differentiable.
#pragma once

#include <cstdint>
#include <memory>

#include <ATen/core/Tensor.h>

#include "model/attention_plan.hpp"
#include "model/rotary.hpp"

namespace alarm_dist {

// Stacked heads S = H + 2K: the queries', then the keys', then the values'.
struct HeadCounts {
  std::int64_t queries = 0;  // H
  std::int64_t keys = 0;     // K
  std::int64_t stacked() const { return queries + 2 * keys; }
};

// Views of stacked heads.
struct QueriesKeysValues {
  at::Tensor q_NHE, k_NKE, v_NKE;
};
QueriesKeysValues split_heads(const at::Tensor& qkv_NSE, const HeadCounts& heads);

// What all layers of one pass share.
struct RaggedPass {
  AttentionPlan plan;
  RotaryAngles angles;
};

// [N, S, E] before rotation -> [N, H*E]. A function of its own for the backward pass: it writes the
// gradient of all heads into one buffer, where a graph of views would allocate and add one of full
// size for every tile.
at::Tensor ragged_attention(const at::Tensor& qkv_NSE, const HeadCounts& heads,
                            std::shared_ptr<const RaggedPass> pass);

// The same without gradients, on heads that are rotated already.
at::Tensor attend_rows(const at::Tensor& rotated_NSE, const HeadCounts& heads,
                       const AttentionPlan& plan);

}  // namespace alarm_dist

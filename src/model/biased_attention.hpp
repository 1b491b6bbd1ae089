// SPDX-License-Identifier: Apache-2.0
// Attention of runs of rows to runs of rows, self or cross, with unscaled scores and an added bias;
// differentiable in queries, keys, values and, where it is trained, the bias.
#pragma once

#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/attention_plan.hpp"

namespace alarm_dist {

// One dense call. Queries and keys are ranges of two sets of rows, which may be the same.
struct BiasedTile {
  RowRange queries;
  std::vector<RowRange> keys;  // end to end
  at::Tensor bias;  // [1, H or 1, queries, keys], -inf where a key is hidden; undefined: none
};

// Every query row is in exactly one of them.
using BiasedTiles = std::vector<BiasedTile>;

// Queries [N, H, E], keys then values stacked [M, 2H, E] -> [N, H*E].
at::Tensor biased_attention(const at::Tensor& q_NHE, const at::Tensor& kv_MSE,
                            std::shared_ptr<const BiasedTiles> tiles);

}  // namespace alarm_dist

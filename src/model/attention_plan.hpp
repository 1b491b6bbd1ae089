// SPDX-License-Identifier: Apache-2.0
// A ragged batch cut into dense attention calls, once for all layers.
//
// A segment without a parent is one causal call, together with an only child that follows it.
// Siblings that follow each other share a call against the rows of their parent chain and their own
// rows, with a mask that keeps them from seeing each other; long runs of siblings are cut, so that
// the work on masked pairs stays small beside the rest.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/ragged_batch.hpp"

namespace alarm_dist {

struct RowRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t size() const { return end - begin; }
};

struct AttentionTile {
  RowRange queries;
  std::vector<RowRange> keys;  // end to end; ranges that touch are joined
  at::Tensor
      mask;  // [queries, keys], added to the scores; undefined: causal, keys are the queries' rows
};

using AttentionPlan = std::vector<AttentionTile>;

// Every row of the batch is a query in exactly one tile. A token sees `window` tokens of its
// sequence, itself included (0: all before it); a tile's keys are then those that its queries see.
AttentionPlan make_attention_plan(const RaggedBatch& batch, const at::TensorOptions& mask_options,
                                  std::int64_t window = 0);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// Attention in which a token sees those at most `window` away on both sides, and the global ones.
//
// Queries are cut into tiles of a window's width; a tile is one dense call against the keys that
// its queries can see, with a mask. Work and memory are linear in the length: tiles that are alike
// share their mask, also between layers and sequences, and no mask is larger than a tile's.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/attention_plan.hpp"

namespace alarm_dist {

class BandedAttention {
 public:
  // Of sequences of that length; `globals` ascending. Options: of the queries.
  BandedAttention(std::int64_t length, std::int64_t window, std::vector<std::int64_t> globals,
                  const at::TensorOptions& options);

  // [B, H, length, E] each, the result too; scores are scaled by 1/sqrt(E). Differentiable.
  at::Tensor operator()(const at::Tensor& query_BHLE, const at::Tensor& key_BHLE,
                        const at::Tensor& value_BHLE) const;

 private:
  struct Tile {
    RowRange queries;
    RowRange keys;        // those that are near
    at::Tensor others_G;  // the global ones beside them; undefined: none
    at::Tensor mask_QK;   // near keys, then the others; undefined: all are seen
  };
  // Number of queries, of near keys and others, the first query's place among the near keys, and
  // the places of global keys among them: what a mask depends on.
  using Look =
      std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::vector<std::int64_t>>;

  Tile make_tile(RowRange queries, std::int64_t length);
  at::Tensor make_mask(const Look& look) const;

  std::int64_t window_;
  std::vector<std::int64_t> globals_;
  at::TensorOptions options_;
  std::map<Look, at::Tensor> masks_;
  std::vector<Tile> tiles_;
};

}  // namespace alarm_dist

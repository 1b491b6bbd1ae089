// SPDX-License-Identifier: Apache-2.0
// Keys and values of a generation, and attention of one new token a row to them.
//
// Prompts, which rows share, and the rows' own tokens are attended to apart and joined by their
// log-sum-exps. A layer with a window keeps everything and masks what the window has passed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/decoder.hpp"

#include "model/key_caches.hpp"
#include "model/ragged_attention.hpp"

namespace alarm_dist {

struct CacheShape {
  std::int64_t layers = 0;
  HeadCounts heads;
  std::int64_t head_size = 0;
  std::int64_t window = 0;          // tokens that a layer with a window sees, the new one included
  std::vector<bool> windowed = {};  // by layer; empty: none
};

class DecodeCache {
 public:
  DecodeCache(const CacheShape& shape, const DecodePlan& plan, const at::TensorOptions& options);

  // Takes the keys and values of the prompts, whose rows stand end to end.
  void store_prompts(std::int64_t layer, const at::Tensor& rotated_NSE);
  // Appends a token to each live row of the layer and attends; [B, H*E].
  at::Tensor attend(std::int64_t layer, const at::Tensor& rotated_BSE);
  // Ends the token: all layers have seen it.
  void advance();
  void keep(std::span<const std::int64_t> rows);

  // Position of the token that comes next in each live row.
  at::Tensor positions_B() const;

 private:
  struct View {              // what the next token of each row sees
    at::Tensor prompt_mask;  // [G, 1, 1, P]; undefined: all of the prompts
    bool sees_prompts = true;
    std::int64_t first_own = 0;
  };
  struct Partial {  // of each row: [B, K, H/K, E] and [B, K, H/K]
    at::Tensor out, lse;
  };

  void update_views();
  View windowed_view() const;
  const View& view(std::int64_t layer) const;
  Partial attend_prompts(std::int64_t layer, const at::Tensor& q_BHE) const;
  Partial attend_own(std::int64_t layer, const at::Tensor& q_BHE) const;

  CacheShape shape_;
  at::TensorOptions options_;
  PromptCache prompts_;
  RowCache own_;
  View whole_, windowed_;
  at::Tensor prompt_sizes_B_;  // of each row's prompt
};

}  // namespace alarm_dist

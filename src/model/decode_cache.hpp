// SPDX-License-Identifier: Apache-2.0
// Keys and values of a generation, and attention of one new token a row to them.
//
// Prompts are kept once for all rows that continue them, padded to the longest; the rows' own
// tokens are kept by row and have equal lengths, as all rows started together. The two parts are
// attended to apart and joined by their log-sum-exps. A layer with a window keeps everything and
// masks what the window has passed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/decoder.hpp"

#include "model/attention_plan.hpp"
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
  struct KeysValues {
    at::Tensor k, v;
  };
  struct Slots {             // the live rows, sorted by prompt into [G, k] with gaps
    at::Tensor row_of_slot;  // G*k; 0 in a gap
    at::Tensor slot_of_row;  // B
    std::int64_t width = 0;  // k: most rows that share a prompt
  };
  struct View {              // what the next token of each row sees
    at::Tensor prompt_mask;  // [G, 1, 1, P]; undefined: all of the prompts
    bool sees_prompts = true;
    std::int64_t first_own = 0;
  };
  struct Partial {  // of each row: [B, K, H/K, E] and [B, K, H/K]
    at::Tensor out, lse;
  };

  void arrange();
  void drop_unused_prompts();
  View whole_view() const;
  View windowed_view() const;
  const View& view(std::int64_t layer) const;
  at::Tensor prompt_mask(const at::Tensor& hidden_GP) const;
  Partial attend_prompts(std::int64_t layer, const at::Tensor& q_BHE) const;
  Partial attend_own(std::int64_t layer, const at::Tensor& q_BHE) const;
  at::Tensor indices(std::span<const std::int64_t> values) const;

  CacheShape shape_;
  at::TensorOptions options_;
  std::vector<std::int64_t> prompt_sizes_;   // G
  std::vector<std::int64_t> prompt_of_row_;  // B
  std::vector<KeysValues> prompts_;          // by layer, [G, P, K, E]
  std::vector<KeysValues> own_;              // by layer, [B, T, K, E]
  std::int64_t own_tokens_ = 0;
  View whole_, windowed_;
  Slots slots_;
};

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// What a T5 decoder keeps of a generation: each prompt's keys and values for cross-attention, made
// once and shared by its rows, and those of each row's own tokens, the start token first.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/decoder.hpp"

#include "model/key_caches.hpp"
#include "model/relative_bias.hpp"
#include "model/t5_config.hpp"

namespace alarm_dist {

class T5Cache {
 public:
  T5Cache(const T5Config& config, const DecodePlan& plan, const RelativeBias& bias,
          const at::TensorOptions& options);

  // Takes a layer's keys and values [M, 2H, E] of the prompts' rows, which stand end to end.
  void store_prompts(std::int64_t layer, const at::Tensor& kv_MSE);
  // A new token of each live row against its prompt, [B, H, E] -> [B, H*E].
  at::Tensor attend_prompts(std::int64_t layer, const at::Tensor& q_BHE) const;
  // Appends the token to each live row of the layer and attends to the row, [B, 3H, E] -> [B, H*E].
  at::Tensor attend_own(std::int64_t layer, const at::Tensor& qkv_BSE);
  // Ends the token: all layers have seen it.
  void advance() { own_.advance(); }
  void keep(std::span<const std::int64_t> rows);

 private:
  std::int64_t heads_ = 0;
  std::int64_t capacity_ = 0;  // T: most tokens of a row
  PromptCache prompts_;
  RowCache own_;
  at::Tensor bias_1H1T_;  // of the last query possible
};

}  // namespace alarm_dist

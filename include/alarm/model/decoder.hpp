// SPDX-License-Identifier: Apache-2.0
// Token-by-token continuation of prompts with cached keys and values. For generators; training
// never uses it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

// Rows are continuations. Rows of one prompt share its cache.
struct DecodePlan {
  std::vector<std::vector<std::int64_t>> prompts;  // none empty
  std::vector<std::int64_t> prompt_of_row;         // B
  std::int64_t max_new_tokens = 0;
};

// Made by CausalLm::start_decoding, which it must not outlive; holds the keys and values of one
// generation. No gradients.
class Decoder {
 public:
  virtual ~Decoder() = default;

  // Hidden states [B, D] that predict the next token of each live row.
  virtual const at::Tensor& states_BD() const = 0;
  // Appends one token to each live row. At most max_new_tokens times.
  virtual void advance(const at::Tensor& tokens_B) = 0;
  // Goes on with these of the live rows only, in the given order (ascending).
  virtual void keep(std::span<const std::int64_t> rows) = 0;

 protected:
  Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
};

}  // namespace alarm_dist

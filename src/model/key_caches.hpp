// SPDX-License-Identifier: Apache-2.0
// Keys and values of a generation, by layer: those of the prompts, kept once for all rows that
// continue them, and those of the rows' own tokens, which are equally many as all rows start
// together. They come out with the heads first, as the attention kernel takes them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/decoder.hpp"
#include "alarm/model/ragged_batch.hpp"

#include "model/prompt_rows.hpp"

namespace alarm_dist {

struct KeyShape {
  std::int64_t layers = 0;
  std::int64_t heads = 0;  // K, of keys
  std::int64_t head_size = 0;
};

struct KeysValues {
  at::Tensor k, v;
};

// The prompts of a plan, end to end. Throws Error on one without tokens.
RaggedBatch prompts_of(const DecodePlan& plan);

class PromptCache {
 public:
  PromptCache(const KeyShape& shape, const DecodePlan& plan, const at::TensorOptions& options);

  const PromptRows& rows() const { return rows_; }
  // Takes a layer's keys and values [M, K, E] of the prompts, whose rows stand end to end.
  void store(std::int64_t layer, const KeysValues& kv_MKE);
  KeysValues at(std::int64_t layer) const;  // views, [G, K, P, E]
  void keep(std::span<const std::int64_t> rows);

 private:
  PromptRows rows_;
  std::vector<KeysValues> layers_;  // [G, P, K, E]
};

class RowCache {
 public:
  RowCache(const KeyShape& shape, std::int64_t rows, std::int64_t capacity,
           const at::TensorOptions& options);

  std::int64_t tokens() const { return tokens_; }  // of a row, without the one under way
  // Keys and values [B, K, E] of the token under way.
  void append(std::int64_t layer, const KeysValues& kv_BKE);
  // Those of the tokens from `first` to the one under way: views, [B, K, n, E].
  KeysValues from(std::int64_t first, std::int64_t layer) const;
  // Ends the token: all layers have appended it.
  void advance() { ++tokens_; }
  void keep(std::span<const std::int64_t> rows);

 private:
  std::int64_t tokens_ = 0;
  std::vector<KeysValues> layers_;  // [B, T, K, E]
};

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// Self-attention of an encoder's layers in one forward pass: what it sees and how it scores is the
// family's, the rest of a layer is common (encoder_network.hpp).
//
// Shape letters: N rows (tokens) of the batch, D hidden size, B sequences of a block, L their
// length, H heads, E head size.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/encoder_config.hpp"
#include "model/encoder_layout.hpp"
#include "model/encoder_weights.hpp"

namespace alarm_dist {

struct AttentionInputs {
  at::Tensor query_ND, key_ND, value_ND;
};

// What a pass borrows.
struct EncoderPass {
  const EncoderConfig& config;
  const EncoderWeights& weights;
  const EncoderLayout& layout;

  at::Tensor linear(const std::string& name, const at::Tensor& input_ND) const;
  at::Tensor norm(const std::string& name, const at::Tensor& input_ND) const;
  // By the maps "<name>query<suffix>" and so on.
  AttentionInputs attention_inputs(const std::string& name, const std::string& suffix,
                                   const at::Tensor& states_ND) const;
  // A block's rows by head, and back.
  at::Tensor heads_BHLE(const at::Tensor& rows_ND, const EncoderBlock& block) const;
  at::Tensor rows_ND(const at::Tensor& heads_BHLE) const;
};

class EncoderAttention {
 public:
  virtual ~EncoderAttention() = default;
  // Every row's mixture of values, before the output map.
  virtual at::Tensor operator()(std::int64_t layer, const at::Tensor& states_ND) = 0;

 protected:
  EncoderAttention() = default;
  EncoderAttention(const EncoderAttention&) = delete;
  EncoderAttention& operator=(const EncoderAttention&) = delete;
};

std::unique_ptr<EncoderAttention> make_encoder_attention(const EncoderPass& pass);

// "encoder.layer.3.attention.self."
std::string self_attention_name(std::int64_t layer);
// The blocks' rows end to end.
at::Tensor join_blocks(const std::vector<at::Tensor>& blocks_ND);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// The forward pass of an encoder (Devlin et al. 2019, as in transformers' BertModel and those after
// it): post-norm layers, no dropout.
//
// Row-wise operations run over all rows of the batch at once; attention runs once for each block of
// sequences that are alike, and is the family's (encoder_attention.hpp).
#pragma once

#include <ATen/core/Tensor.h>

#include "model/encoder_config.hpp"
#include "model/encoder_head.hpp"
#include "model/encoder_layout.hpp"
#include "model/encoder_weights.hpp"

namespace alarm_dist {

class EncoderNetwork {
 public:
  EncoderNetwork(const EncoderConfig& config, const EncoderWeights& weights, const HeadSpec& head)
      : config_(config), weights_(weights), head_(head) {}

  // In the order of the layout, on the weights' device.
  at::Tensor embed(const at::Tensor& tokens_N, const at::Tensor& types_N,
                   const at::Tensor& positions_N) const;
  at::Tensor run(at::Tensor states_ND, const EncoderLayout& layout) const;  // through all layers
  // The head on some states, in float32 (float64 for a float64 model): [M, labels].
  at::Tensor classify(const at::Tensor& states_MD) const;

 private:
  const EncoderConfig& config_;
  const EncoderWeights& weights_;
  const HeadSpec& head_;
};

}  // namespace alarm_dist

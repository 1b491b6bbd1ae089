// SPDX-License-Identifier: Apache-2.0
// The forward pass of BERT (Devlin et al. 2019, as in transformers' BertModel): post-norm layers,
// exact GELU, no dropout.
//
// Row-wise operations run over all rows of the batch at once; attention runs once for each block of
// equally long sequences.
#pragma once

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "model/encoder_config.hpp"
#include "model/encoder_layout.hpp"
#include "model/encoder_weights.hpp"

namespace alarm_dist {

class EncoderNetwork {
 public:
  EncoderNetwork(const EncoderConfig& config, const EncoderWeights& weights)
      : config_(config), weights_(weights) {}

  // tokens and types in the order of the layout, on the weights' device.
  at::Tensor embed(const at::Tensor& tokens_N, const at::Tensor& types_N,
                   const at::Tensor& positions_N) const;
  at::Tensor run(at::Tensor states_ND, const EncoderLayout& layout) const;  // through all layers
  // Means of the states, weighted by the rows of pooling (float32, or float64 for a float64 model),
  // then the head: [B].
  at::Tensor score(const at::Tensor& states_ND, const at::Tensor& pooling_BN) const;

 private:
  at::Tensor linear(const std::string& name, const at::Tensor& input_ND) const;
  at::Tensor norm(const std::string& name, const at::Tensor& input_ND) const;
  at::Tensor attend(const std::string& layer, const at::Tensor& states_ND,
                    const EncoderLayout& layout) const;

  const EncoderConfig& config_;
  const EncoderWeights& weights_;
};

}  // namespace alarm_dist

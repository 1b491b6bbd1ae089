// SPDX-License-Identifier: Apache-2.0
// One layer of a decoder: attention and a feed-forward part around the sum over layers. How rows
// attend to each other is the caller's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/decoder_spec.hpp"
#include "model/norm.hpp"
#include "model/projections.hpp"
#include "model/weight_reader.hpp"

namespace alarm_dist {

struct LayerAdapters {
  FusedAdapter qkv, output, up, down;
};

class DecoderLayer {
 public:
  // Stacked heads before rotation, [N, S, E] -> attended, [N, H*E].
  using Attend = std::function<at::Tensor(const at::Tensor& qkv_NSE)>;

  // The spec is borrowed.
  DecoderLayer(const DecoderSpec& spec, std::int64_t number, const WeightReader& reader);

  at::Tensor operator()(const at::Tensor& h_ND, const LayerAdapters& adapters,
                        const Attend& attend) const;

  // `tensor_number` counts the adapter tensors of the model.
  void add_adapters(const CausalLmOptions& options, std::uint32_t& tensor_number);
  LayerAdapters adapters() const;
  std::vector<std::string> projection_names() const;
  std::int64_t parameters() const;  // without adapters
  void append_trainable(NamedTensors& tensors) const;
  void append_merged(TensorSources& sources) const;

 private:
  at::Tensor heads_NSE(const at::Tensor& qkv_NO) const;
  at::Tensor feed_forward(const at::Tensor& h_ND, const LayerAdapters& adapters) const;
  std::vector<const Projections*> projections() const { return {&qkv_, &output_, &up_, &down_}; }

  const DecoderSpec* spec_;
  Norm attention_norm_, mlp_norm_;
  Norm query_norm_, key_norm_;  // of a head; without a weight where the model has none
  Norm heads_norm_;             // both, a row for each query and key head
  Projections qkv_, output_, up_, down_;
};

}  // namespace alarm_dist

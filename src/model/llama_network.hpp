// SPDX-License-Identifier: Apache-2.0
// The layers of a Llama model as a function of token rows. How rows attend to each other is the
// caller's: ragged batches and decoding differ in nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/causal_lm.hpp"
#include "alarm/store/tensor_file.hpp"

#include "model/llama_config.hpp"
#include "model/projections.hpp"
#include "model/ragged_attention.hpp"

namespace alarm_dist {

// Stacked heads of a layer before rotation, [N, S, E] -> attended, [N, H*E].
using Attend = std::function<at::Tensor(std::int64_t layer, const at::Tensor& qkv_NSE)>;

struct LayerAdapters {
  FusedAdapter qkv, output, gate_up, down;
};
using NetworkAdapters = std::vector<LayerAdapters>;

class LlamaNetwork {
 public:
  LlamaNetwork(const LlamaConfig& config, const TensorFile& file, const CausalLmOptions& options);

  const LlamaConfig& config() const { return config_; }
  HeadCounts heads() const { return {config_.shape.heads, config_.shape.kv_heads}; }
  at::TensorOptions options() const { return embedding_VD_.options(); }

  // Made once for a pass, shared by its layers. Empty adapters where the adapter is off.
  NetworkAdapters adapters(Adapter adapter) const;
  // Final normed hidden states [N, D] of tokens on the model's device.
  at::Tensor hidden(const at::Tensor& tokens_N, const NetworkAdapters& adapters,
                    const Attend& attend) const;
  const at::Tensor& head_VD() const { return head_VD_; }
  std::int64_t parameters() const;  // of the base weights

  NamedTensors trainable() const;
  NamedTensors merged() const;

 private:
  struct Layer {
    at::Tensor attention_norm_D, mlp_norm_D;
    Projections qkv, output, gate_up, down;
  };
  at::Tensor layer_output(const Layer& layer, at::Tensor h_ND, const LayerAdapters& adapters,
                          const std::function<at::Tensor(const at::Tensor&)>& attend) const;

  LlamaConfig config_;
  std::vector<Layer> layers_;
  at::Tensor embedding_VD_, final_norm_D_, head_VD_;
};

}  // namespace alarm_dist

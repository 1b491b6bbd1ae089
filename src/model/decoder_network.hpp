// SPDX-License-Identifier: Apache-2.0
// The layers of a decoder-only model as a function of token rows, for every family. How rows attend
// to each other is the caller's: ragged batches and decoding differ in nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/causal_lm.hpp"
#include "alarm/store/tensor_file.hpp"

#include "model/decoder_layer.hpp"
#include "model/decoder_spec.hpp"
#include "model/ragged_attention.hpp"
#include "model/rotary.hpp"

namespace alarm_dist {

// Stacked heads of a layer before rotation, [N, S, E] -> attended, [N, H*E].
using Attend = std::function<at::Tensor(std::int64_t layer, const at::Tensor& qkv_NSE)>;

using NetworkAdapters = std::vector<LayerAdapters>;

// By layer; layers that see the same share one.
using LayerPasses = std::vector<std::shared_ptr<const RaggedPass>>;

class DecoderNetwork {
 public:
  DecoderNetwork(DecoderSpec spec, const TensorFile& file, const CausalLmOptions& options);

  const DecoderSpec& spec() const { return *spec_; }
  HeadCounts heads() const { return {spec_->shape.heads, spec_->shape.kv_heads}; }
  at::TensorOptions options() const { return embedding_VD_.options(); }

  // Made once for a pass, shared by its layers. Empty adapters where the adapter is off.
  NetworkAdapters adapters(Adapter adapter) const;
  LayerPasses passes(const RaggedBatch& batch) const;
  RotaryAngles angles(const at::Tensor& positions_N) const { return rotary_.angles(positions_N); }
  // Final normed hidden states [N, D] of tokens on the model's device.
  at::Tensor hidden(const at::Tensor& tokens_N, const at::Tensor& positions_N,
                    const NetworkAdapters& adapters, const Attend& attend) const;
  const at::Tensor& head_VD() const { return head_VD_; }  // undefined in a reward model's trunk
  std::string head_name() const;                          // of the tensor that it is
  std::int64_t parameters() const;                        // of the base weights

  NamedTensors trainable() const;
  TensorSources merged() const;  // borrow the network

 private:
  void add_adapters(const CausalLmOptions& options);
  bool has_own_head() const { return head_VD_.defined() && !head_VD_.is_same(embedding_VD_); }

  std::unique_ptr<const DecoderSpec> spec_;  // in one place: layers point to it
  std::vector<DecoderLayer> layers_;
  at::Tensor embedding_VD_, positions_CD_, head_VD_;
  Norm final_norm_;
  RotaryEmbedding rotary_;
};

}  // namespace alarm_dist

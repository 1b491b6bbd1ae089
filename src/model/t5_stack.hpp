// SPDX-License-Identifier: Apache-2.0
// The encoder or the decoder of a T5 as a function of rows. How rows attend to each other is the
// caller's: ragged batches and decoding differ in nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/causal_lm.hpp"
#include "alarm/store/tensor_file.hpp"

#include "model/norm.hpp"
#include "model/projections.hpp"
#include "model/relative_bias.hpp"
#include "model/t5_config.hpp"

namespace alarm_dist {

enum class T5Side { kEncoder, kDecoder };

// Where weights come from: in the wanted type and place. A tensor that has both already stays a
// view of the map.
struct T5Weights {
  const TensorFile& file;
  const CausalLmOptions& options;
  at::Tensor get(const std::string& name, at::IntArrayRef shape) const;
};

// Stacked heads of a layer -> attended, [N, H*E]: queries, keys and values [N, 3H, E] of the rows
// themselves; queries [N, H, E] that go to the prompts (decoder only).
struct T5Attention {
  std::function<at::Tensor(std::int64_t layer, const at::Tensor& qkv_NSE)> own;
  std::function<at::Tensor(std::int64_t layer, const at::Tensor& q_NHE)> prompts;
};

// Of the projections of each block; made once for a pass, empty where the adapter is off.
struct T5BlockAdapters {
  FusedAdapter qkv, output, query, keys_values, cross_output, up, down;
};
using T5StackAdapters = std::vector<T5BlockAdapters>;

class T5Stack {
 public:
  T5Stack(const T5Config& config, T5Side side, const T5Weights& weights);

  const RelativeBias& bias() const { return bias_; }
  T5StackAdapters adapters(Adapter adapter) const;
  // Embedded rows [N, D], float32 or wider -> normed states in the weights' type.
  at::Tensor states(at::Tensor h_ND, const T5StackAdapters& adapters,
                    const T5Attention& attention) const;
  // Keys and values [M, 2H, E] of encoded rows for the cross-attention of a layer.
  at::Tensor prompt_keys_values(std::int64_t layer, const at::Tensor& encoded_MD,
                                const T5StackAdapters& adapters) const;

  std::vector<std::string> projection_names() const;
  void add_adapters(const LoraConfig& lora, std::uint64_t seed, std::uint32_t& tensor_number);
  std::int64_t parameters() const;
  void append_trainable(NamedTensors& tensors) const;
  void append_merged(TensorSources& sources) const;

 private:
  struct CrossPart {
    Norm norm;
    Projections query, keys_values, output;
  };
  struct Block {
    Norm attention_norm;
    Projections qkv, output;
    std::optional<CrossPart> cross;
    Norm mlp_norm;
    Projections up, down;
  };
  template <class AnyBlock>  // Block or const Block
  static auto projections(AnyBlock& block);
  static std::vector<const Norm*> norms(const Block& block);
  Block read_block(const std::string& name, const T5Weights& weights) const;
  at::Tensor block_output(std::int64_t layer, at::Tensor h_ND, const T5BlockAdapters& adapters,
                          const T5Attention& attention) const;
  at::Tensor feed_forward(const Block& block, const at::Tensor& x_ND,
                          const T5BlockAdapters& adapters) const;
  at::Tensor by_head(const at::Tensor& x_NI) const;  // [N, S*E] -> [N, S, E]

  T5Config config_;
  T5Side side_;
  std::string name_;
  std::vector<Block> blocks_;
  RelativeBias bias_;  // its table is the first block's, for all blocks
  Norm final_norm_;
};

}  // namespace alarm_dist

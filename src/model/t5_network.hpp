// SPDX-License-Identifier: Apache-2.0
// A T5's weights and adapters: the embedding that encoder and decoder share, the two stacks, the
// head.
#pragma once

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "alarm/model/causal_lm.hpp"
#include "alarm/store/tensor_file.hpp"

#include "model/t5_config.hpp"
#include "model/t5_stack.hpp"

namespace alarm_dist {

struct T5Adapters {
  T5StackAdapters encoder, decoder;
};

class T5Network {
 public:
  // The head is tied to the embedding where the file has none, or a copy of it that is to be tied.
  // Throws Error when an adapter is wanted with a target that is no projection.
  T5Network(const T5Config& config, const TensorFile& file, const CausalLmOptions& options);

  const T5Config& config() const { return config_; }
  at::TensorOptions options() const { return embedding_VD_.options(); }
  const RelativeBias& encoder_bias() const { return encoder_.bias(); }
  const RelativeBias& decoder_bias() const { return decoder_.bias(); }

  // Made once for a pass. Empty adapters where the adapter is off.
  T5Adapters adapters(Adapter adapter) const;
  // Tokens on the model's device -> final normed states [N, D]; the decoder's are scaled for the
  // head.
  at::Tensor encode(const at::Tensor& tokens_N, const T5Adapters& adapters,
                    const T5Attention& attention) const;
  at::Tensor decode(const at::Tensor& tokens_N, const T5Adapters& adapters,
                    const T5Attention& attention) const;
  at::Tensor prompt_keys_values(std::int64_t layer, const at::Tensor& encoded_MD,
                                const T5Adapters& adapters) const {
    return decoder_.prompt_keys_values(layer, encoded_MD, adapters.decoder);
  }
  const at::Tensor& head_VD() const { return head_VD_; }
  std::string head_name() const;    // of the tensor that it is
  std::int64_t parameters() const;  // of the base weights

  NamedTensors trainable() const;
  TensorSources merged() const;  // borrow the network

 private:
  at::Tensor read_head(const TensorFile& file, const CausalLmOptions& options) const;
  void add_adapters(const CausalLmOptions& options);
  bool tied() const { return head_VD_.is_same(embedding_VD_); }
  at::Tensor embed(const at::Tensor& tokens_N) const;

  T5Config config_;
  at::Tensor embedding_VD_;
  T5Stack encoder_, decoder_;
  at::Tensor head_VD_;
};

}  // namespace alarm_dist

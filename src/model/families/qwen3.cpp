// SPDX-License-Identifier: Apache-2.0
#include "model/families/family.hpp"

namespace alarm_dist {

DecoderSpec read_qwen3(const ConfigFile& config) {
  DecoderSpec spec = read_llama_like(config);
  constexpr std::int64_t kDefaultHeadSize = 128;
  if (!config.has("head_dim")) spec.shape.head_size = spec.rope.features = kDefaultHeadSize;
  spec.qkv.bias = spec.output.bias = config.flag_or("attention_bias", false);
  spec.names.query_norm = "self_attn.q_norm";
  spec.names.key_norm = "self_attn.k_norm";
  read_window_layers(config, spec);
  return spec;
}

}  // namespace alarm_dist

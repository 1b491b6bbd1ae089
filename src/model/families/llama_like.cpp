// SPDX-License-Identifier: Apache-2.0
#include "model/families/family.hpp"

namespace alarm_dist {

DecoderSpec read_llama_like(const ConfigFile& config) {
  DecoderSpec spec;
  CausalLmShape& shape = spec.shape;
  shape.layers = config.size("num_hidden_layers");
  shape.hidden = config.size("hidden_size");
  shape.heads = config.size("num_attention_heads");
  shape.kv_heads = config.size_or("num_key_value_heads", shape.heads);
  if (!config.has("head_dim") && shape.hidden % shape.heads != 0)
    config.refuse("hidden_size", "a multiple of num_attention_heads");
  shape.head_size = config.size_or("head_dim", shape.hidden / shape.heads);
  shape.vocabulary = config.size("vocab_size");
  shape.context = config.size("max_position_embeddings");
  spec.shape.feed_forward = config.size("intermediate_size");
  spec.norm_eps = config.positive_or("rms_norm_eps", 1e-6);
  spec.activation = read_activation(config, "hidden_act", "silu");
  if (spec.activation != Activation::kSilu) config.refuse("hidden_act", "silu");
  spec.tied_embeddings = config.flag_or("tie_word_embeddings", false);
  read_rope(config, {}, spec);
  if (spec.rope.features != shape.head_size) config.refuse("partial_rotary_factor", "1");
  spec.names = {.trunk = "model.",
                .embedding = "embed_tokens",
                .positions = "",
                .layers = "layers",
                .final_norm = "norm",
                .attention_norm = "input_layernorm",
                .mlp_norm = "post_attention_layernorm",
                .query_norm = "",
                .key_norm = "",
                .head = {"lm_head"}};
  spec.qkv.names = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"};
  spec.output.names = {"self_attn.o_proj"};
  spec.up.names = {"mlp.gate_proj", "mlp.up_proj"};
  spec.down.names = {"mlp.down_proj"};
  return spec;
}

Activation read_activation(const ConfigFile& config, std::string_view key,
                           std::string_view fallback) {
  const auto name = config.text_or(key, fallback);
  if (name == "silu" || name == "swish") return Activation::kSilu;
  if (name == "gelu") return Activation::kGelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh" || name == "gelu_fast")
    return Activation::kGeluTanh;
  if (name == "relu") return Activation::kRelu;
  config.refuse(key, "silu, gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, relu");
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// Pythia, GPT-NeoX-20B.
#include "model/families/family.hpp"

namespace alarm_dist {

DecoderSpec read_gpt_neox(const ConfigFile& config) {
  DecoderSpec spec;
  CausalLmShape& shape = spec.shape;
  shape.layers = config.size("num_hidden_layers");
  shape.hidden = config.size("hidden_size");
  shape.heads = shape.kv_heads = config.size("num_attention_heads");
  shape.head_size = shape.hidden / shape.heads;
  if (shape.hidden % shape.heads != 0)
    config.refuse("hidden_size", "a multiple of num_attention_heads");
  shape.vocabulary = config.size("vocab_size");
  shape.context = config.size("max_position_embeddings");
  spec.shape.feed_forward = config.size("intermediate_size");
  spec.norm = NormKind::kLayer;
  spec.norm_eps = config.positive_or("layer_norm_eps", 1e-5);
  spec.activation = read_activation(config, "hidden_act", "gelu");
  spec.residual =
      config.flag_or("use_parallel_residual", true) ? Residual::kParallel : Residual::kSequential;
  spec.tied_embeddings = config.flag_or("tie_word_embeddings", false);
  spec.qkv_order = QkvOrder::kByHead;
  read_rope(config,
            {.theta = config.positive_or("rotary_emb_base", 10000),
             .share = config.positive_or("rotary_pct", 0.25)},
            spec);
  const bool attention_bias = config.flag_or("attention_bias", true);
  spec.names = {.trunk = "gpt_neox.",
                .embedding = "embed_in",
                .positions = "",
                .layers = "layers",
                .final_norm = "final_layer_norm",
                .attention_norm = "input_layernorm",
                .mlp_norm = "post_attention_layernorm",
                .query_norm = "",
                .key_norm = "",
                .head = {"embed_out", "lm_head"}};
  spec.qkv = {.names = {"attention.query_key_value"}, .bias = attention_bias};
  spec.output = {.names = {"attention.dense"}, .bias = attention_bias};
  spec.up = {.names = {"mlp.dense_h_to_4h"}, .bias = true};
  spec.down = {.names = {"mlp.dense_4h_to_h"}, .bias = true};
  return spec;
}

}  // namespace alarm_dist

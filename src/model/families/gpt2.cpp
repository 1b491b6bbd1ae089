// SPDX-License-Identifier: Apache-2.0
#include "model/families/family.hpp"

namespace alarm_dist {
namespace {

void check_features(const ConfigFile& config) {
  if (!config.flag_or("scale_attn_weights", true)) config.refuse("scale_attn_weights", "true");
  config.expect_unset("scale_attn_by_inverse_layer_idx");
  config.expect_unset("add_cross_attention");
}

}  // namespace

DecoderSpec read_gpt2(const ConfigFile& config) {
  check_features(config);
  DecoderSpec spec;
  CausalLmShape& shape = spec.shape;
  shape.layers = config.size("n_layer");
  shape.hidden = config.size("n_embd");
  shape.heads = shape.kv_heads = config.size("n_head");
  shape.head_size = shape.hidden / shape.heads;
  if (shape.hidden % shape.heads != 0) config.refuse("n_embd", "a multiple of n_head");
  shape.vocabulary = config.size("vocab_size");
  shape.context = config.size("n_positions");
  spec.shape.feed_forward = config.size_or("n_inner", 4 * shape.hidden);
  spec.norm = NormKind::kLayer;
  spec.norm_eps = config.positive_or("layer_norm_epsilon", 1e-5);
  spec.activation = read_activation(config, "activation_function", "gelu_new");
  spec.tied_embeddings = config.flag_or("tie_word_embeddings", true);
  spec.layout = WeightLayout::kInputsFirst;
  spec.names = {.trunk = "transformer.",
                .embedding = "wte",
                .positions = "wpe",
                .layers = "h",
                .final_norm = "ln_f",
                .attention_norm = "ln_1",
                .mlp_norm = "ln_2",
                .query_norm = "",
                .key_norm = "",
                .head = {"lm_head"}};
  spec.qkv = {.names = {"attn.c_attn"}, .bias = true};
  spec.output = {.names = {"attn.c_proj"}, .bias = true};
  spec.up = {.names = {"mlp.c_fc"}, .bias = true};
  spec.down = {.names = {"mlp.c_proj"}, .bias = true};
  return spec;
}

}  // namespace alarm_dist

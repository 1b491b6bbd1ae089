// SPDX-License-Identifier: Apache-2.0
#include "model/gguf_t5.hpp"

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"

#include "model/gguf_tensors.hpp"

namespace alarm_dist {
namespace {

constexpr const char* kHead = "output.weight";
constexpr std::int64_t kMaxDistance = 128;

class T5Tensors {
 public:
  T5Tensors(const GgufFile& file, const T5Config& config, c10::ScalarType dtype)
      : file_(file), config_(config), tensors_(file, dtype) {}

  TensorSources read() {
    const auto vocabulary = config_.shape.vocabulary, hidden = config_.shape.hidden;
    tensors_.add("shared.weight", "token_embd.weight", {vocabulary, hidden});
    add_stack({"encoder", "enc", config_.encoder_layers});
    add_stack({"decoder", "dec", config_.shape.layers});
    if (file_.contains(kHead)) tensors_.add("lm_head.weight", kHead, {vocabulary, hidden});
    // The first T5s have this beside their weights, and no model reads it.
    tensors_.ignore("dec.blk.0.cross_attn_rel_b.weight");
    return tensors_.take();
  }

 private:
  struct Stack {
    std::string name, stored;
    std::int64_t layers;
  };
  using Maps = std::vector<std::pair<const char*, const char*>>;

  void add_stack(const Stack& stack) {
    const bool decoder = stack.stored == "dec";
    tensors_.add(stack.name + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight",
                 stack.stored + ".blk.0.attn_rel_b.weight",
                 {config_.buckets.count, config_.shape.heads});
    for (std::int64_t i = 0; i < stack.layers; ++i) {
      const auto name = stack.name + ".block." + std::to_string(i) + ".layer.";
      const auto stored = stack.stored + ".blk." + std::to_string(i) + ".";
      add_attention(name + "0.", "SelfAttention", stored + "attn_");
      if (decoder) add_attention(name + "1.", "EncDecAttention", stored + "cross_attn_");
      add_feed_forward(name + (decoder ? "2." : "1."), stored + "ffn_");
    }
    add_norm(stack.name + ".final_layer_norm", stack.stored + ".output_norm");
  }

  void add_attention(const std::string& part, const char* attention, const std::string& stored) {
    const auto hidden = config_.shape.hidden, inner = config_.inner();
    add_norm(part + "layer_norm", stored + "norm");
    const auto name = part + attention + ".";
    for (const char* map : {"q", "k", "v"})
      tensors_.add(name + map + ".weight", stored + map + ".weight", {inner, hidden});
    tensors_.add(name + "o.weight", stored + "o.weight", {hidden, inner});
  }

  void add_feed_forward(const std::string& part, const std::string& stored) {
    const auto hidden = config_.shape.hidden, inner = config_.shape.feed_forward;
    add_norm(part + "layer_norm", stored + "norm");
    const auto name = part + "DenseReluDense.";
    const Maps up = config_.gated ? Maps{{"wi_0", "gate"}, {"wi_1", "up"}} : Maps{{"wi", "up"}};
    for (const auto& [map, stored_map] : up)
      tensors_.add(name + map + ".weight", stored + stored_map + ".weight", {inner, hidden});
    tensors_.add(name + "wo.weight", stored + "down.weight", {hidden, inner});
  }

  void add_norm(const std::string& name, const std::string& stored) {
    tensors_.add(name + ".weight", stored + ".weight", {config_.shape.hidden});
  }

  const GgufFile& file_;
  const T5Config& config_;
  GgufTensors tensors_;
};

}  // namespace

nlohmann::ordered_json gguf_t5_config(const GgufFile& file, const GgufKeys& keys) {
  const bool gated = file.contains("enc.blk.0.ffn_gate.weight");
  nlohmann::ordered_json config;
  config["architectures"] = {"T5ForConditionalGeneration"};
  config["model_type"] = "t5";
  config["is_encoder_decoder"] = true;
  config["d_model"] = keys.integer("embedding_length");
  config["d_kv"] = keys.integer("attention.key_length");
  config["d_ff"] = keys.integer("feed_forward_length");
  config["num_layers"] = keys.integer("block_count");
  config["num_decoder_layers"] =
      keys.integer_or("decoder_block_count", keys.integer("block_count"));
  config["num_heads"] = keys.integer("attention.head_count");
  config["n_positions"] = keys.integer("context_length");
  config["relative_attention_num_buckets"] = keys.integer("attention.relative_buckets_count");
  config["relative_attention_max_distance"] = kMaxDistance;
  config["layer_norm_epsilon"] = keys.number("attention.layer_norm_rms_epsilon");
  config["feed_forward_proj"] = gated ? "gated-gelu" : "relu";
  config["tie_word_embeddings"] = !file.contains(kHead);
  return config;
}

TensorSources gguf_t5_weights(const GgufFile& file, const T5Config& config, c10::ScalarType dtype) {
  return T5Tensors(file, config, dtype).read();
}

}  // namespace alarm_dist

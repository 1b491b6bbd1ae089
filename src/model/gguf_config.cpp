// SPDX-License-Identifier: Apache-2.0
#include "model/gguf_config.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>
#include <utility>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"

#include "model/gguf_encoder.hpp"
#include "model/gguf_import.hpp"
#include "model/gguf_keys.hpp"
#include "model/gguf_t5.hpp"
#include "model/rotary.hpp"

namespace alarm_dist {
namespace {

using Json = nlohmann::ordered_json;

struct Heads {
  std::int64_t queries, keys, size;
};

Heads read_heads(const GgufFile& file, const GgufKeys& keys) {
  const auto queries = keys.integer("attention.head_count");
  const auto shared = keys.integer_or("attention.head_count_kv", queries);
  ALARM_CHECK(queries > 0 && shared > 0, "{}: {} heads with {} key-value heads",
              file.path().string(), queries, shared);
  return {queries, shared,
          keys.integer_or("attention.key_length", keys.integer("embedding_length") / queries)};
}

// The scalings of Llama 3.1 and 3.2, which GGUF keeps as a tensor of divisors only.
constexpr double kLlama3Factors[] = {8, 32};
constexpr std::int64_t kLlama3Context = 8192;

Json find_llama3(const GgufFile& file, double theta, std::int64_t head_size) {
  const auto divisors_F = file.dequantize("rope_freqs.weight").to(at::kDouble);
  const auto position = at::ones({1}, at::kLong);
  const auto angles = [&](RopeScaling scaling, double factor) {
    const RopeSpec spec{.features = head_size,
                        .theta = theta,
                        .scaling = scaling,
                        .factor = factor,
                        .context = kLlama3Context};
    const auto found = RotaryEmbedding(spec, at::kDouble).angles(position);
    return at::atan2(found.sin, found.cos).flatten();  // at position 1: the frequencies
  };
  const auto plain_F = angles(RopeScaling::kNone, 1);
  for (const double factor : kLlama3Factors) {
    if (divisors_F.numel() != plain_F.numel()) break;
    const auto scaled_F = angles(RopeScaling::kLlama3, factor);
    if (!at::allclose(plain_F / divisors_F, scaled_F, /*rtol=*/1e-4)) continue;
    return {{"rope_type", "llama3"},
            {"factor", factor},
            {"low_freq_factor", 1.0},
            {"high_freq_factor", 4.0},
            {"original_max_position_embeddings", kLlama3Context}};
  }
  throw Error(
      fmt::format("{}: the divisors of rope_freqs.weight are none of Llama 3.1's and 3.2's; "
                  "supported: those",
                  file.path().string()));
}

void add_rope_scaling(const GgufFile& file, const GgufKeys& keys, Json& config) {
  const auto type =
      keys.has("rope.scaling.type") ? keys.text("rope.scaling.type") : std::string("none");
  if (type == "linear") {
    config["rope_scaling"] = {{"rope_type", "linear"},
                              {"factor", keys.number("rope.scaling.factor")}};
  } else if (type != "none") {
    keys.refuse("rope.scaling.type", "\"" + type + "\"", "none, linear");
  }
  if (file.contains("rope_freqs.weight"))
    config["rope_scaling"] = find_llama3(file, config["rope_theta"].get<double>(),
                                         config["head_dim"].get<std::int64_t>());
}

void refuse_window(const GgufKeys& keys) {
  const auto window = keys.integer_or("attention.sliding_window", 0);
  if (window > 0 && window < keys.integer("context_length"))
    keys.refuse("attention.sliding_window", std::to_string(window), "none");
}

// Llama, Qwen2, Qwen3.
Json llama_like_config(const GgufFile& file, const GgufKeys& keys, const char* model_class) {
  const auto heads = read_heads(file, keys);
  const auto rotated = keys.integer_or("rope.dimension_count", heads.size);
  if (rotated != heads.size)
    keys.refuse("rope.dimension_count", std::to_string(rotated),
                fmt::format("all {} features of a head", heads.size));
  refuse_window(keys);
  Json config;
  config["architectures"] = {model_class};
  config["model_type"] = keys.architecture();
  config["hidden_size"] = keys.integer("embedding_length");
  config["intermediate_size"] = keys.integer("feed_forward_length");
  config["num_hidden_layers"] = keys.integer("block_count");
  config["num_attention_heads"] = heads.queries;
  config["num_key_value_heads"] = heads.keys;
  config["head_dim"] = heads.size;
  config["hidden_act"] = "silu";
  config["max_position_embeddings"] = keys.integer("context_length");
  config["rms_norm_eps"] = keys.number("attention.layer_norm_rms_epsilon");
  config["rope_theta"] = keys.number_or("rope.freq_base", 10000.0);
  add_rope_scaling(file, keys, config);
  if (keys.architecture() != "qwen2") config["attention_bias"] = file.contains("blk.0.attn_q.bias");
  if (keys.architecture() == "llama") config["mlp_bias"] = file.contains("blk.0.ffn_up.bias");
  config["tie_word_embeddings"] = !file.contains("output.weight");
  return config;
}

Json llama_config(const GgufFile& file, const GgufKeys& keys) {
  return llama_like_config(file, keys, "LlamaForCausalLM");
}
Json qwen2_config(const GgufFile& file, const GgufKeys& keys) {
  return llama_like_config(file, keys, "Qwen2ForCausalLM");
}
Json qwen3_config(const GgufFile& file, const GgufKeys& keys) {
  return llama_like_config(file, keys, "Qwen3ForCausalLM");
}

Json gpt2_config(const GgufFile& file, const GgufKeys& keys) {
  Json config;
  config["architectures"] = {"GPT2LMHeadModel"};
  config["model_type"] = "gpt2";
  config["n_embd"] = keys.integer("embedding_length");
  config["n_inner"] = keys.integer("feed_forward_length");
  config["n_layer"] = keys.integer("block_count");
  config["n_head"] = keys.integer("attention.head_count");
  config["n_positions"] = keys.integer("context_length");
  config["layer_norm_epsilon"] = keys.number("attention.layer_norm_epsilon");
  config["activation_function"] = "gelu_new";
  config["tie_word_embeddings"] = !file.contains("output.weight");
  return config;
}

Json gpt_neox_config(const GgufFile& file, const GgufKeys& keys) {
  const auto heads = read_heads(file, keys);
  Json config;
  config["architectures"] = {"GPTNeoXForCausalLM"};
  config["model_type"] = "gpt_neox";
  config["hidden_size"] = keys.integer("embedding_length");
  config["intermediate_size"] = keys.integer("feed_forward_length");
  config["num_hidden_layers"] = keys.integer("block_count");
  config["num_attention_heads"] = heads.queries;
  config["hidden_act"] = "gelu";
  config["max_position_embeddings"] = keys.integer("context_length");
  config["layer_norm_eps"] = keys.number("attention.layer_norm_epsilon");
  config["rotary_emb_base"] = keys.number_or("rope.freq_base", 10000.0);
  config["rotary_pct"] = static_cast<double>(keys.integer_or("rope.dimension_count", heads.size)) /
                         static_cast<double>(heads.size);
  config["use_parallel_residual"] =
      !keys.has("use_parallel_residual") || keys.flag("use_parallel_residual");
  config["attention_bias"] = file.contains("blk.0.attn_qkv.bias");
  config["tie_word_embeddings"] = !file.contains("output.weight");
  return config;
}

struct Architecture {
  const char* name;
  Json (*config)(const GgufFile& file, const GgufKeys& keys);
};

constexpr Architecture kArchitectures[] = {{"llama", llama_config},      {"qwen2", qwen2_config},
                                           {"qwen3", qwen3_config},      {"gpt2", gpt2_config},
                                           {"gptneox", gpt_neox_config}, {"t5", gguf_t5_config},
                                           {"bert", gguf_encoder_config}};

}  // namespace

Json gguf_token_ids(const GgufFile& file) {
  Json ids;
  for (const auto& [name, key] : {std::pair{"bos_token_id", "tokenizer.ggml.bos_token_id"},
                                  std::pair{"eos_token_id", "tokenizer.ggml.eos_token_id"},
                                  std::pair{"pad_token_id", "tokenizer.ggml.padding_token_id"}}) {
    ids[name] = file.has(key) ? Json(file.integer(key)) : Json(nullptr);
  }
  const GgufKeys keys(file);
  if (constexpr const char* kStart = "decoder_start_token_id"; keys.has(kStart))
    ids[kStart] = keys.integer(kStart);
  return ids;
}

Json gguf_config(const GgufFile& file, c10::ScalarType dtype) {
  const GgufKeys keys(file);
  const auto* found =
      std::ranges::find(kArchitectures, keys.architecture(),
                        [](const Architecture& known) { return std::string(known.name); });
  ALARM_CHECK(found != std::end(kArchitectures),
              "{}: general.architecture is \"{}\"; supported architectures: llama, qwen2, qwen3, "
              "gpt2, gptneox, t5, bert",
              file.path().string(), keys.architecture());
  Json config = found->config(file, keys);
  config["vocab_size"] = file.texts("tokenizer.ggml.tokens").size();
  const Json ids = gguf_token_ids(file);
  for (const auto& [name, id] : ids.items())
    if (!config.contains(name) || !id.is_null()) config[name] = id;
  config["dtype"] = dtype_name(dtype);
  config["torch_dtype"] = dtype_name(dtype);  // the name before Transformers 5
  return config;
}

}  // namespace alarm_dist

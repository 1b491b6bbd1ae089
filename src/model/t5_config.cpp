// SPDX-License-Identifier: Apache-2.0
#include "model/t5_config.hpp"

#include <cmath>
#include <string>

#include "alarm/base/error.hpp"

#include "model/config_file.hpp"
#include "model/families.hpp"
#include "model/families/family.hpp"

namespace alarm_dist {
namespace {

// How much of "gated-gelu" the files of newer versions of transformers spell out varies.
void read_feed_forward(const ConfigFile& json, T5Config& config) {
  constexpr const char* kKey = "feed_forward_proj";
  const bool multilingual = json.text("model_type") == "mt5";
  const auto kind = json.text_or(kKey, multilingual ? "gated-gelu" : "relu");
  if (kind != "relu" && kind != "gated-gelu" && kind != "gated-silu")
    json.refuse(kKey, "relu, gated-gelu, gated-silu");
  config.gated = json.flag_or("is_gated_act", kind.starts_with("gated-"));
  config.activation = read_activation(json, "dense_act_fn",
                                      kind == "relu"         ? "relu"
                                      : kind == "gated-gelu" ? "gelu_new"
                                                             : "silu");
}

// As transformers 5 has it: an mT5 is not scaled, a T5 is unless its file says that the embeddings
// are not tied.
double output_scale(const ConfigFile& json, std::int64_t hidden) {
  const bool scaled =
      json.text("model_type") == "t5" &&
      json.flag_or("scale_decoder_outputs", json.flag_or("tie_word_embeddings", true));
  return scaled ? 1.0 / std::sqrt(static_cast<double>(hidden)) : 1.0;
}

// A generation must start as training does: the two files may not differ.
std::int64_t start_token(const std::filesystem::path& dir, const ConfigFile& config) {
  constexpr const char* kKey = "decoder_start_token_id";
  const auto generation = dir / "generation_config.json";
  const auto own = config.numbers(kKey);
  const auto other =
      std::filesystem::exists(generation) ? ConfigFile(generation).numbers(kKey) : own;
  ALARM_CHECK(own.size() + other.size() > 0,
              "{}: \"{}\" is missing from config.json and generation_config.json", dir.string(),
              kKey);
  const auto token = own.empty() ? other.front() : own.front();
  ALARM_CHECK(other.empty() || other.front() == token,
              "{}: \"{}\" is {} in config.json and {} in generation_config.json, expected the same",
              dir.string(), kKey, token, other.front());
  return token;
}

void read_tokens(const std::filesystem::path& dir, const ConfigFile& json, T5Config& config) {
  config.shape.eos_tokens = read_eos_tokens(dir, json, config.shape.vocabulary);
  config.start_token = start_token(dir, json);
  ALARM_CHECK(config.start_token >= 0 && config.start_token < config.shape.vocabulary,
              "{}: the decoder's start token {} is outside the vocabulary of {}", dir.string(),
              config.start_token, config.shape.vocabulary);
  config.shape.start_tokens = {config.start_token};
}

void read_buckets(const std::filesystem::path& path, const ConfigFile& json, T5Config& config) {
  config.buckets.count = json.size_or("relative_attention_num_buckets", 32);
  config.buckets.max_distance = json.size_or("relative_attention_max_distance", 128);
  ALARM_CHECK(config.buckets.count >= 4 && config.buckets.max_distance > config.buckets.count / 2,
              "{}: {} relative attention buckets up to a distance of {}: expected at least 4, and "
              "more distance than half of them",
              path.string(), config.buckets.count, config.buckets.max_distance);
}

}  // namespace

bool is_t5(std::string_view model_type) { return model_type == "t5" || model_type == "mt5"; }

T5Config read_t5_config(const std::filesystem::path& dir) {
  const auto path = dir / "config.json";
  const ConfigFile json(path);
  if (!is_t5(json.text("model_type"))) json.refuse("model_type", kT5Types);
  T5Config config;
  CausalLmShape& shape = config.shape;
  config.encoder_layers = json.size("num_layers");
  shape.layers = json.size_or("num_decoder_layers", config.encoder_layers);
  shape.hidden = json.size("d_model");
  shape.heads = shape.kv_heads = json.size("num_heads");
  shape.head_size = json.size("d_kv");
  shape.vocabulary = json.size("vocab_size");
  shape.context = kUnlimitedContext;
  config.shape.feed_forward = json.size("d_ff");
  config.norm_eps = json.positive_or("layer_norm_epsilon", config.norm_eps);
  config.output_scale = output_scale(json, shape.hidden);
  config.tied_embeddings = json.flag_or("tie_word_embeddings", json.text("model_type") == "t5");
  read_feed_forward(json, config);
  read_buckets(path, json, config);
  read_tokens(dir, json, config);
  return config;
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "model/llama_config.hpp"

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/store/atomic_file.hpp"

namespace alarm_dist {
namespace {

using Json = nlohmann::json;

// A JSON object of a file, with messages that name both.
class JsonFile {
 public:
  explicit JsonFile(const std::filesystem::path& path) : path_(path) {
    json_ = Json::parse(read_whole_file(path), nullptr, /*allow_exceptions=*/false);
    ALARM_CHECK(json_.is_object(), "{}: expected a JSON object", path.string());
  }

  bool has(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }
  const Json& at(const char* key) const { return json_[key]; }

  std::int64_t size(const char* key) const {
    ALARM_CHECK(has(key), "{}: \"{}\" is missing", path_, key);
    ALARM_CHECK(json_[key].is_number_integer() && json_[key].get<std::int64_t>() > 0,
                "{}: \"{}\" is {}, expected a whole number above 0", path_, key, json_[key].dump());
    return json_[key].get<std::int64_t>();
  }
  std::int64_t size_or(const char* key, std::int64_t fallback) const {
    return has(key) ? size(key) : fallback;
  }

  void expect(const char* key, const Json& supported) const {
    ALARM_CHECK(!has(key) || json_[key] == supported, "{}: \"{}\" is {}, only {} is supported",
                path_, key, json_[key].dump(), supported.dump());
  }

 private:
  std::string path_;
  Json json_;
};

void check_architecture(const JsonFile& config, const std::string& path) {
  const std::string type = config.has("model_type") ? config.at("model_type").dump() : "missing";
  ALARM_CHECK(type == "\"llama\"", "{}: \"model_type\" is {}; supported architectures: llama", path,
              type);
  config.expect("hidden_act", "silu");
  config.expect("attention_bias", false);
  config.expect("mlp_bias", false);
}

// Transformers 5 nests the base in rope_parameters, older versions have it on top.
double rope_theta(const JsonFile& config, const std::string& path) {
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!config.has(key)) continue;
    const Json& rope = config.at(key);
    const std::string type = rope.value("rope_type", rope.value("type", std::string("default")));
    ALARM_CHECK(type == "default", "{}: \"{}\" has type \"{}\", only \"default\" is supported",
                path, key, type);
    if (rope.contains("rope_theta")) return rope["rope_theta"].get<double>();
  }
  return config.has("rope_theta") ? config.at("rope_theta").get<double>() : 10000.0;
}

void append_tokens(const Json& value, std::vector<std::int64_t>& tokens) {
  for (const Json& token : value.is_array() ? value : Json::array({value}))
    tokens.push_back(token.get<std::int64_t>());
}

std::vector<std::int64_t> eos_tokens(const std::filesystem::path& dir, const JsonFile& config) {
  std::vector<std::int64_t> tokens;
  const auto generation = dir / "generation_config.json";
  if (std::filesystem::exists(generation)) {
    const JsonFile file(generation);
    if (file.has("eos_token_id")) append_tokens(file.at("eos_token_id"), tokens);
  }
  if (tokens.empty() && config.has("eos_token_id"))
    append_tokens(config.at("eos_token_id"), tokens);
  return tokens;
}

}  // namespace

LlamaConfig read_llama_config(const std::filesystem::path& dir) {
  const auto path = dir / "config.json";
  const JsonFile json(path);
  check_architecture(json, path.string());
  LlamaConfig config;
  CausalLmShape& shape = config.shape;
  shape.layers = json.size("num_hidden_layers");
  shape.hidden = json.size("hidden_size");
  shape.heads = json.size("num_attention_heads");
  shape.kv_heads = json.size_or("num_key_value_heads", shape.heads);
  shape.head_size = json.size_or("head_dim", shape.hidden / shape.heads);
  shape.vocabulary = json.size("vocab_size");
  shape.context = json.size("max_position_embeddings");
  shape.eos_tokens = eos_tokens(dir, json);
  ALARM_CHECK(shape.heads % shape.kv_heads == 0 && shape.head_size % 2 == 0,
              "{}: {} heads with {} key-value heads of size {}: heads must be a multiple of "
              "key-value heads and the size even",
              path.string(), shape.heads, shape.kv_heads, shape.head_size);
  config.feed_forward = json.size("intermediate_size");
  if (json.has("rms_norm_eps")) config.norm_eps = json.at("rms_norm_eps").get<double>();
  config.rope_theta = rope_theta(json, path.string());
  config.tied_embeddings =
      json.has("tie_word_embeddings") && json.at("tie_word_embeddings").get<bool>();
  return config;
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "model/encoder_config.hpp"

#include <string>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"

#include "model/json_file.hpp"

namespace alarm_dist {
namespace {

using json = nlohmann::ordered_json;

std::int64_t positive(const std::filesystem::path& file, const json& config, const char* key) {
  const auto found = config.find(key);
  ALARM_CHECK(found != config.end(), "{}: key '{}' is missing", file.string(), key);
  ALARM_CHECK(found->is_number_integer() && found->get<std::int64_t>() > 0,
              "{}: key '{}': expected a positive integer, found {}", file.string(), key,
              found->dump());
  return found->get<std::int64_t>();
}

void expect_text(const std::filesystem::path& file, const json& config, const char* key,
                 const std::string& expected) {
  const json found =
      config.value(key, json(expected));  // absent: the default of transformers, which we expect
  ALARM_CHECK(found == expected, "{}: key '{}': only \"{}\" is implemented, found {}",
              file.string(), key, expected, found.dump());
}

}  // namespace

EncoderConfig read_encoder_config(const std::filesystem::path& file) {
  const json parsed = read_json_object(file);
  ALARM_CHECK(parsed.contains("model_type"), "{}: key 'model_type' is missing", file.string());
  expect_text(file, parsed, "model_type", "bert");
  expect_text(file, parsed, "hidden_act", "gelu");
  expect_text(file, parsed, "position_embedding_type", "absolute");
  EncoderConfig config;
  config.hidden = positive(file, parsed, "hidden_size");
  config.layers = positive(file, parsed, "num_hidden_layers");
  config.heads = positive(file, parsed, "num_attention_heads");
  config.intermediate = positive(file, parsed, "intermediate_size");
  config.vocabulary = positive(file, parsed, "vocab_size");
  config.positions = positive(file, parsed, "max_position_embeddings");
  config.types = positive(file, parsed, "type_vocab_size");
  const json epsilon = parsed.value("layer_norm_eps", json(config.norm_epsilon));
  ALARM_CHECK(epsilon.is_number() && epsilon.get<double>() > 0,
              "{}: key 'layer_norm_eps': expected a positive number, found {}", file.string(),
              epsilon.dump());
  config.norm_epsilon = epsilon.get<double>();
  ALARM_CHECK(config.hidden % config.heads == 0,
              "{}: hidden_size {} is not a multiple of num_attention_heads {}", file.string(),
              config.hidden, config.heads);
  return config;
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "model/encoder_config.hpp"

#include <algorithm>
#include <array>

#include "alarm/base/error.hpp"

#include "model/config_file.hpp"
#include "model/families/family.hpp"

namespace alarm_dist {
namespace {

using Path = std::filesystem::path;

std::int64_t whole_or(const ConfigFile& json, const char* key, std::int64_t fallback) {
  const auto found = json.numbers(key);
  if (found.size() > 1) json.refuse(key, "one whole number");
  return found.empty() ? fallback : found.front();
}

void read_bert(const ConfigFile& json, const Path&, EncoderConfig& config) {
  config.prefix = "bert.";
  config.class_name = "Bert";
  config.types = json.size("type_vocab_size");
  config.pooler = Activation::kTanh;
  config.pooler_name = "bert.pooler.dense";
}

// fairseq's convention.
void count_behind_padding(const ConfigFile& json, const Path& file, EncoderConfig& config) {
  config.pad_token = whole_or(json, "pad_token_id", 1);
  config.positions_behind_padding = true;
  ALARM_CHECK(config.pad_token >= 0 && config.max_length() > 0,
              "{}: pad_token_id {} leaves no positions of {}", file.string(), config.pad_token,
              config.positions);
}

void read_roberta(const ConfigFile& json, const Path& file, EncoderConfig& config) {
  config.prefix = "roberta.";
  config.class_name = json.text("model_type") == "roberta" ? "Roberta" : "XLMRoberta";
  config.types = json.size("type_vocab_size");
  count_behind_padding(json, file, config);
}

void read_longformer(const ConfigFile& json, const Path& file, EncoderConfig& config) {
  config.prefix = "longformer.";
  config.class_name = "Longformer";
  config.types = json.size("type_vocab_size");
  count_behind_padding(json, file, config);
  config.windows = json.numbers("attention_window");
  if (config.windows.empty()) config.windows = {512};
  if (config.windows.size() == 1)
    config.windows.resize(static_cast<std::size_t>(config.layers), config.windows.front());
  const auto even = [](std::int64_t window) { return window > 0 && window % 2 == 0; };
  if (static_cast<std::int64_t>(config.windows.size()) != config.layers ||
      !std::ranges::all_of(config.windows, even))
    json.refuse("attention_window", "an even number above 0, or one for each layer");
  for (auto& window : config.windows) window /= 2;
}

// "c2p|p2c" or a list of them.
std::vector<std::string> position_terms(const ConfigFile& json) {
  if (!json.has("pos_att_type")) return {};
  if (!json.is_text("pos_att_type")) return json.texts("pos_att_type");
  std::vector<std::string> terms(1);
  for (const char letter : json.text("pos_att_type")) {
    if (letter == '|') terms.emplace_back();
    if (letter != '|' && letter != ' ') terms.back() += letter;
  }
  return terms;
}

RelativeAttention read_relative(const ConfigFile& json, const EncoderConfig& config) {
  if (!json.flag_or("relative_attention", false)) json.refuse("relative_attention", "true");
  RelativeAttention relative;
  relative.buckets = std::max<std::int64_t>(whole_or(json, "position_buckets", -1), 0);
  if (relative.buckets == 1) json.refuse("position_buckets", "-1, or a whole number above 1");
  relative.max_distance = whole_or(json, "max_relative_positions", -1);
  if (relative.max_distance < 1) relative.max_distance = config.positions;
  for (const auto& term : position_terms(json)) {
    if (term == "c2p")
      relative.content_to_position = true;
    else if (term == "p2c")
      relative.position_to_content = true;
    else
      json.refuse("pos_att_type", "c2p, p2c");
  }
  relative.shared_projections = json.flag_or("share_att_key", false);
  relative.norm = json.text_or("norm_rel_ebd", "none").find("layer_norm") != std::string::npos;
  return relative;
}

// What the published DeBERTa-v3 models have not; of v2, xlarge and xxlarge have the convolution.
void refuse_variants(const ConfigFile& json, const EncoderConfig& config) {
  if (whole_or(json, "conv_kernel_size", 0) > 0)
    json.refuse("conv_kernel_size", "0 (DeBERTa-v2's convolution is not implemented)");
  const auto same = [&](const char* key, std::int64_t size) {
    if (whole_or(json, key, size) != size) json.refuse(key, std::to_string(size));
  };
  same("embedding_size", config.hidden);
  same("pooler_hidden_size", config.hidden);
  same("attention_head_size", config.hidden / config.heads);
}

void read_deberta(const ConfigFile& json, const Path&, EncoderConfig& config) {
  config.prefix = "deberta.";
  config.class_name = "DebertaV2";
  config.types = whole_or(json, "type_vocab_size", 0);
  config.absolute_positions = json.flag_or("position_biased_input", true);
  config.norm_epsilon = json.positive_or("layer_norm_eps", 1e-7);
  config.relative = read_relative(json, config);
  config.pooler = read_activation(json, "pooler_hidden_act", "gelu");
  config.pooler_name = "pooler.dense";
  refuse_variants(json, config);
}

struct Family {
  const char* model_type;
  void (*read)(const ConfigFile&, const Path&, EncoderConfig&);
};
constexpr std::array<Family, 5> kFamilies = {{{"bert", read_bert},
                                              {"roberta", read_roberta},
                                              {"xlm-roberta", read_roberta},
                                              {"longformer", read_longformer},
                                              {"deberta-v2", read_deberta}}};

const Family* look_up(std::string_view type) {
  const auto* found = std::ranges::find(kFamilies, type, &Family::model_type);
  return found == kFamilies.end() ? nullptr : found;
}

const Family& find_family(const ConfigFile& json) {
  if (const auto* found = look_up(json.text_or("model_type", ""))) return *found;
  std::string supported;
  for (const Family& family : kFamilies)
    supported += (supported.empty() ? "" : ", ") + std::string(family.model_type);
  json.refuse("model_type", supported);
}

}  // namespace

bool is_encoder(std::string_view model_type) { return look_up(model_type) != nullptr; }

EncoderConfig read_encoder_config(const Path& file) {
  const ConfigFile json(file);
  const Family& family = find_family(json);
  if (json.text_or("position_embedding_type", "absolute") != "absolute")
    json.refuse("position_embedding_type", "\"absolute\"");
  EncoderConfig config;
  config.hidden = json.size("hidden_size");
  config.layers = json.size("num_hidden_layers");
  config.heads = json.size("num_attention_heads");
  config.intermediate = json.size("intermediate_size");
  config.vocabulary = json.size("vocab_size");
  config.positions = json.size("max_position_embeddings");
  config.pad_token = whole_or(json, "pad_token_id", 0);
  config.activation = read_activation(json, "hidden_act", "gelu");
  config.norm_epsilon = json.positive_or("layer_norm_eps", config.norm_epsilon);
  ALARM_CHECK(config.hidden % config.heads == 0,
              "{}: hidden_size {} is not a multiple of num_attention_heads {}", file.string(),
              config.hidden, config.heads);
  if (json.has("architectures")) {
    const auto names = json.texts("architectures");
    if (!names.empty()) config.architecture = names.front();
  }
  family.read(json, file, config);
  if (config.pad_token >= config.vocabulary)
    json.refuse("pad_token_id", fmt::format("a token of the vocabulary of {}", config.vocabulary));
  if (config.types < 0) json.refuse("type_vocab_size", "a whole number");
  return config;
}

}  // namespace alarm_dist

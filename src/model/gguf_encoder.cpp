// SPDX-License-Identifier: Apache-2.0
#include "model/gguf_encoder.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"

#include "model/encoder_tensors.hpp"
#include "model/gguf_tensors.hpp"

namespace alarm_dist {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kPositions = "position_embd.weight";
constexpr const char* kTypes = "token_types.weight";
constexpr const char* kLabels = "cls.output.weight";

struct Family {
  const char* tokenizer;  // tokenizer.ggml.model
  const char* model_type;
  const char* class_name;
  bool behind_padding;  // positions begin there, and the file has none before
};
constexpr std::array<Family, 3> kFamilies = {{{"bert", "bert", "Bert", false},
                                              {"gpt2", "roberta", "Roberta", true},
                                              {"t5", "xlm-roberta", "XLMRoberta", true}}};

const Family& find_family(const GgufFile& file) {
  const std::string& tokenizer = file.text("tokenizer.ggml.model");
  const auto* found = std::ranges::find(
      kFamilies, tokenizer, [](const Family& known) { return std::string(known.tokenizer); });
  ALARM_CHECK(found != kFamilies.end(),
              "{}: tokenizer.ggml.model is \"{}\" in a file of the architecture bert; supported: "
              "bert (BERT), gpt2 (RoBERTa), t5 (XLM-RoBERTa)",
              file.path().string(), tokenizer);
  return *found;
}

std::int64_t pad_token(const GgufFile& file, const Family& family) {
  const std::string key = "tokenizer.ggml.padding_token_id";
  if (!file.has(key)) return family.behind_padding ? 1 : 0;
  const auto id = file.integer(key);
  const auto tokens = static_cast<std::int64_t>(file.texts("tokenizer.ggml.tokens").size());
  ALARM_CHECK(id >= 0 && id < tokens, "{}: {} is {}, outside the vocabulary of {}",
              file.path().string(), key, id, tokens);
  return id;
}

std::int64_t rows_of(const GgufFile& file, const std::string& tensor) {
  ALARM_CHECK(file.contains(tensor), "{}: tensor '{}' is missing", file.path().string(), tensor);
  const auto& shape = file.shape(tensor);
  ALARM_CHECK(!shape.empty(), "{}: tensor '{}' is a single number, expected rows",
              file.path().string(), tensor);
  return shape.front();
}

// The end of a name, by the package's table.
using Names = std::pair<std::string_view, const char*>;
constexpr std::array<Names, 4> kEmbeddings = {{{"embeddings.word_embeddings", "token_embd"},
                                               {"embeddings.position_embeddings", "position_embd"},
                                               {"embeddings.token_type_embeddings", "token_types"},
                                               {"embeddings.LayerNorm", "token_embd_norm"}}};
constexpr std::array<Names, 8> kLayer = {{{"attention.self.query", "attn_q"},
                                          {"attention.self.key", "attn_k"},
                                          {"attention.self.value", "attn_v"},
                                          {"attention.output.dense", "attn_output"},
                                          {"attention.output.LayerNorm", "attn_output_norm"},
                                          {"intermediate.dense", "ffn_up"},
                                          {"output.dense", "ffn_down"},
                                          {"output.LayerNorm", "layer_output_norm"}}};

// "encoder.layer.0.output.dense.bias" -> "blk.0.ffn_down.bias".
std::string stored_name(const EncoderTensor& tensor) {
  const bool embedding = tensor.layer == kEncoderEmbeddings;
  const auto number = std::to_string(tensor.layer);
  const auto layer = embedding ? std::string() : "encoder.layer." + number + ".";
  const auto dot = tensor.name.rfind('.');
  const auto part = tensor.name.substr(layer.size(), dot - layer.size());
  const auto find = [&](const auto& names) {
    return std::string(std::ranges::find(names, part, &Names::first)->second);
  };
  const auto stored = embedding ? find(kEmbeddings) : "blk." + number + "." + find(kLayer);
  return stored + tensor.name.substr(dot);
}

}  // namespace

Json gguf_encoder_config(const GgufFile& file, const GgufKeys& keys) {
  // A count beyond the file's tensors ends here, before a list is made of it.
  const auto layers = keys.integer("block_count");
  ALARM_CHECK(layers > 0, "{}: {} layers, expected 1 or more", file.path().string(), layers);
  rows_of(file, fmt::format("blk.{}.attn_q.weight", layers - 1));
  const Family& family = find_family(file);
  const auto pad = pad_token(file, family);
  const bool head = family.behind_padding && file.contains(kLabels);
  Json config;
  config["architectures"] = {std::string(family.class_name) +
                             (head ? "ForSequenceClassification" : "Model")};
  config["model_type"] = family.model_type;
  config["hidden_size"] = keys.integer("embedding_length");
  config["intermediate_size"] = keys.integer("feed_forward_length");
  config["num_hidden_layers"] = layers;
  config["num_attention_heads"] = keys.integer("attention.head_count");
  config["hidden_act"] = "gelu";
  config["layer_norm_eps"] = keys.number("attention.layer_norm_epsilon");
  config["max_position_embeddings"] =
      rows_of(file, kPositions) + (family.behind_padding ? pad + 1 : 0);
  config["type_vocab_size"] = rows_of(file, kTypes);
  config["pad_token_id"] = pad;
  if (head) config["num_labels"] = rows_of(file, kLabels);
  return config;
}

TensorSources gguf_encoder_weights(const GgufFile& file, const EncoderConfig& config,
                                   c10::ScalarType dtype) {
  GgufTensors tensors(file, dtype);
  const bool head = config.positions_behind_padding && file.contains(kLabels);
  const auto prefix = head ? config.prefix : std::string();
  for (const EncoderTensor& tensor : encoder_tensors(config)) {
    auto shape = tensor.shape;
    GgufRows rows;
    const auto stored = stored_name(tensor);
    if (stored == kPositions && config.first_position() > 0) {
      rows = {GgufOrder::kCut, config.first_position()};
      shape[0] -= rows.number;
    }
    tensors.add(prefix + tensor.name, stored, shape, rows);
  }
  if (head) {
    const auto hidden = config.hidden, labels = rows_of(file, kLabels);
    tensors.add("classifier.dense.weight", "cls.weight", {hidden, hidden});
    tensors.add("classifier.dense.bias", "cls.bias", {hidden});
    tensors.add("classifier.out_proj.weight", kLabels, {labels, hidden});
    tensors.add("classifier.out_proj.bias", "cls.output.bias", {labels});
  }
  return tensors.take();
}

}  // namespace alarm_dist

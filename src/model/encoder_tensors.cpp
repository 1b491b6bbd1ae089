// SPDX-License-Identifier: Apache-2.0
#include "model/encoder_tensors.hpp"

#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace alarm_dist {
namespace {

class Table {
 public:
  explicit Table(const EncoderConfig& config) : config_(config) {
    add_embeddings();
    for (layer_ = 0; layer_ < config.layers; ++layer_) add_layer();
  }
  std::vector<EncoderTensor> take() { return std::move(tensors_); }

 private:
  void add_embeddings() {
    const auto d = config_.hidden;
    add("embeddings.word_embeddings.weight", {config_.vocabulary, d});
    if (config_.absolute_positions)
      add("embeddings.position_embeddings.weight", {config_.positions, d});
    if (config_.types > 0) add("embeddings.token_type_embeddings.weight", {config_.types, d});
    add_norm("embeddings.LayerNorm");
    if (!config_.relative) return;
    add("encoder.rel_embeddings.weight", {2 * config_.relative->span(), d});
    if (config_.relative->norm) add_norm("encoder.LayerNorm");
  }

  void add_layer() {
    const auto d = config_.hidden;
    const auto name = fmt::format("encoder.layer.{}.", layer_);
    const auto attention = name + "attention.self.";
    for (const auto& part : projections()) add_linear(attention + part, d, d);
    add_linear(name + "attention.output.dense", d, d);
    add_norm(name + "attention.output.LayerNorm");
    add_linear(name + "intermediate.dense", config_.intermediate, d);
    add_linear(name + "output.dense", d, config_.intermediate);
    add_norm(name + "output.LayerNorm");
  }

  std::vector<std::string> projections() const {
    if (!config_.windows.empty())
      return {"query", "key", "value", "query_global", "key_global", "value_global"};
    if (!config_.relative) return {"query", "key", "value"};
    std::vector<std::string> names{"query_proj", "key_proj", "value_proj"};
    if (config_.relative->shared_projections) return names;
    if (config_.relative->content_to_position) names.emplace_back("pos_key_proj");
    if (config_.relative->position_to_content) names.emplace_back("pos_query_proj");
    return names;
  }

  void add(const std::string& name, std::vector<std::int64_t> shape) {
    tensors_.push_back({name, std::move(shape), layer_});
  }
  void add_linear(const std::string& name, std::int64_t out, std::int64_t in) {
    add(name + ".weight", {out, in});
    add(name + ".bias", {out});
  }
  void add_norm(const std::string& name) {
    add(name + ".weight", {config_.hidden});
    add(name + ".bias", {config_.hidden});
  }

  const EncoderConfig& config_;
  std::int64_t layer_ = kEncoderEmbeddings;
  std::vector<EncoderTensor> tensors_;
};

}  // namespace

std::string name_in_file(const TensorFile& file, const std::string& name) {
  for (const auto& [now, before] :
       {std::pair<std::string_view, std::string_view>{"weight", "gamma"}, {"bias", "beta"}}) {
    if (!name.ends_with(fmt::format(".LayerNorm.{}", now))) continue;
    auto older = name.substr(0, name.size() - now.size()).append(before);
    if (!file.contains(name) && file.contains(older)) return older;
  }
  return name;
}

std::vector<EncoderTensor> encoder_tensors(const EncoderConfig& config) {
  return Table(config).take();
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "model/encoder_weights.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"

namespace alarm_dist {
namespace {

constexpr std::int64_t kEmbeddings = -1;  // as a number of a layer: below the first
constexpr double kHeadDeviation = 0.02;   // of new heads, as in transformers
const std::string kPrefix = "bert.";
const std::string kHeadWeight = "score.weight";
const std::string kHeadBias = "score.bias";

struct TensorSpec {
  std::string name;
  std::vector<std::int64_t> shape;
  std::int64_t layer;
};

class Table {
 public:
  explicit Table(const EncoderConfig& config) {
    const auto d = config.hidden;
    add("embeddings.word_embeddings.weight", {config.vocabulary, d}, kEmbeddings);
    add("embeddings.position_embeddings.weight", {config.positions, d}, kEmbeddings);
    add("embeddings.token_type_embeddings.weight", {config.types, d}, kEmbeddings);
    add_norm("embeddings.LayerNorm", d, kEmbeddings);
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
      const auto name = fmt::format("encoder.layer.{}.", layer);
      for (const char* part : {"query", "key", "value"})
        add_linear(name + "attention.self." + part, d, d, layer);
      add_linear(name + "attention.output.dense", d, d, layer);
      add_norm(name + "attention.output.LayerNorm", d, layer);
      add_linear(name + "intermediate.dense", config.intermediate, d, layer);
      add_linear(name + "output.dense", d, config.intermediate, layer);
      add_norm(name + "output.LayerNorm", d, layer);
    }
  }
  const std::vector<TensorSpec>& specs() const { return specs_; }

 private:
  void add(const std::string& name, std::vector<std::int64_t> shape, std::int64_t layer) {
    specs_.push_back({name, std::move(shape), layer});
  }
  void add_linear(const std::string& name, std::int64_t out, std::int64_t in, std::int64_t layer) {
    add(name + ".weight", {out, in}, layer);
    add(name + ".bias", {out}, layer);
  }
  void add_norm(const std::string& name, std::int64_t size, std::int64_t layer) {
    add(name + ".weight", {size}, layer);
    add(name + ".bias", {size}, layer);
  }
  std::vector<TensorSpec> specs_;
};

// Trained values are kept in float32 at least: small updates vanish in bfloat16.
at::ScalarType master_type(at::ScalarType activations) {
  return activations == at::kDouble ? at::kDouble : at::kFloat;
}

at::Tensor draw_head(std::int64_t hidden, std::uint64_t seed) {
  auto head = at::empty({1, hidden}, at::kFloat);
  for (std::int64_t i = 0; i < hidden; ++i) {
    const DrawKey key{
        .seed = seed, .purpose = Purpose::kHeadInit, .token = static_cast<std::uint32_t>(i)};
    head.mutable_data_ptr<float>()[i] = static_cast<float>(kHeadDeviation * draw_normal(key));
  }
  return head;
}

std::string full_name(const std::string& name) {
  return name == kHeadWeight || name == kHeadBias ? name : kPrefix + name;
}

}  // namespace

EncoderWeights::EncoderWeights(const TensorFile& file, const EncoderConfig& config,
                               const EncoderOptions& options)
    : options_(options) {
  ALARM_CHECK(options.frozen_layers >= 0 && options.frozen_layers <= config.layers,
              "cannot freeze {} layers of an encoder that has {}", options.frozen_layers,
              config.layers);
  const Table table(config);
  const auto prefix = file.contains(kPrefix + table.specs().front().name) ? kPrefix : std::string();
  for (const auto& [name, shape, layer] : table.specs()) {
    const bool above = layer == kEmbeddings ? options.train_embeddings && options.frozen_layers == 0
                                            : layer >= options.frozen_layers;
    add(name, file.get(prefix + name, shape), options.train && above);
  }
  for (const char* name : {"pooler.dense.weight",
                           "pooler.dense.bias"}) {  // unused here, kept for who loads the result
    if (file.contains(prefix + name)) add(name, file.get(prefix + name), false);
  }
  const bool has_head = file.contains(kHeadWeight);
  add(kHeadWeight,
      has_head ? file.get(kHeadWeight, {1, config.hidden}) : draw_head(config.hidden, options.seed),
      options.train);
  add(kHeadBias, has_head ? file.get(kHeadBias, {1}) : at::zeros({1}), options.train);
}

void EncoderWeights::add(const std::string& name, const at::Tensor& stored, bool trained) {
  Parameter parameter;
  if (trained) {
    parameter.master = stored.to(options_.device, master_type(options_.dtype),
                                 /*non_blocking=*/false, /*copy=*/true);
    parameter.master.requires_grad_(true);
  } else {
    parameter.master = stored;
    parameter.active = stored.to(options_.device, options_.dtype);
  }
  order_.push_back(name);
  parameters_.emplace(name, std::move(parameter));
}

at::Tensor EncoderWeights::get(const std::string& name) const {
  const auto& parameter = parameters_.at(name);
  return parameter.active.defined() ? parameter.active : parameter.master.to(options_.dtype);
}

const at::Tensor& EncoderWeights::master(const std::string& name) const {
  return parameters_.at(name).master;
}

NamedTensors EncoderWeights::trainable() const {
  NamedTensors leaves;
  for (const auto& name : order_) {
    const auto& master = parameters_.at(name).master;
    if (master.requires_grad()) leaves.emplace_back(full_name(name), master);
  }
  return leaves;
}

NamedTensors EncoderWeights::all() const {
  NamedTensors tensors;
  for (const auto& name : order_)
    tensors.emplace_back(full_name(name), parameters_.at(name).master.detach());
  return tensors;
}

}  // namespace alarm_dist

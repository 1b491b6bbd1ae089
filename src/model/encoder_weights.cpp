// SPDX-License-Identifier: Apache-2.0
#include "model/encoder_weights.hpp"

#include <ATen/ATen.h>

#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"

#include "model/encoder_tensors.hpp"

namespace alarm_dist {
namespace {

constexpr double kHeadDeviation = 0.02;  // of new heads, as in transformers

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

}  // namespace

EncoderWeights::EncoderWeights(const TensorFile& file, const EncoderConfig& config,
                               const HeadSpec& head, const EncoderOptions& options)
    : options_(options), prefix_(config.prefix) {
  ALARM_CHECK(options.frozen_layers >= 0 && options.frozen_layers <= config.layers,
              "cannot freeze {} layers of an encoder that has {}", options.frozen_layers,
              config.layers);
  add_trunk(file, config);
  add_head(file, config, head);
}

void EncoderWeights::add_trunk(const TensorFile& file, const EncoderConfig& config) {
  const auto table = encoder_tensors(config);
  const auto& first = table.front().name;
  const bool bare = !file.contains(prefix_ + first) && file.contains(first);
  const auto stored = [&](const std::string& name) {
    return name_in_file(file, bare ? name : prefix_ + name);
  };
  for (const auto& [name, shape, layer] : table) {
    const bool above = layer == kEncoderEmbeddings
                           ? options_.train_embeddings && options_.frozen_layers == 0
                           : layer >= options_.frozen_layers;
    add(prefix_ + name, file.get(stored(name), shape), options_.train && above);
  }
  for (const std::string name : {"pooler.dense.weight", "pooler.dense.bias"}) {
    // Where the head does not use it, it is kept for who loads the result.
    if (file.contains(stored(name))) add(prefix_ + name, file.get(stored(name)), false);
  }
}

void EncoderWeights::add_head(const TensorFile& file, const EncoderConfig& config,
                              const HeadSpec& head) {
  const auto d = config.hidden;
  const auto labels = head.head.labels;
  const auto read = [&](const std::string& name, at::IntArrayRef shape) {
    add(name, file.get(name, shape), options_.train);
  };
  if (!head.dense.empty()) {
    read(head.dense + ".weight", {d, d});
    read(head.dense + ".bias", {d});
  }
  if (head.head.drawn) {
    add(head.output + ".weight", draw_head(d, options_.seed), options_.train);
    add(head.output + ".bias", at::zeros({1}), options_.train);
    return;
  }
  read(head.output + ".weight", {labels, d});
  read(head.output + ".bias", {labels});
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
  // BERT's pooler is read twice where it is the head's.
  if (!parameters_.contains(name)) order_.push_back(name);
  parameters_.insert_or_assign(name, std::move(parameter));
}

at::Tensor EncoderWeights::get(const std::string& name) const {
  const auto& parameter = parameters_.at(prefix_ + name);
  return parameter.active.defined() ? parameter.active : parameter.master.to(options_.dtype);
}

const at::Tensor& EncoderWeights::master(const std::string& name) const {
  return parameters_.at(name).master;
}

NamedTensors EncoderWeights::trainable() const {
  NamedTensors leaves;
  for (const auto& name : order_) {
    const auto& master = parameters_.at(name).master;
    if (master.requires_grad()) leaves.emplace_back(name, master);
  }
  return leaves;
}

NamedTensors EncoderWeights::all() const {
  NamedTensors tensors;
  for (const auto& name : order_) tensors.emplace_back(name, parameters_.at(name).master.detach());
  return tensors;
}

}  // namespace alarm_dist

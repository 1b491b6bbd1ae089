// SPDX-License-Identifier: Apache-2.0
#include "model/decoder_network.hpp"

#include <string>
#include <utility>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "model/weight_sources.hpp"

namespace alarm_dist {
namespace {

// What a target may be called: "self_attn.q_proj" of "model.layers.0.self_attn.q_proj".
std::vector<std::string> short_names(const std::vector<std::string>& names,
                                     const DecoderSpec& spec) {
  const auto size = (spec.names.trunk + spec.names.layers + ".0.").size();
  std::vector<std::string> found;
  for (const auto& name : names) found.push_back(name.substr(size));
  return found;
}

}  // namespace

DecoderNetwork::DecoderNetwork(DecoderSpec spec, const TensorFile& file,
                               const CausalLmOptions& options)
    : spec_(std::make_unique<const DecoderSpec>(std::move(spec))) {
  const WeightReader reader(file, *spec_, options);
  const auto& shape = spec_->shape;
  const auto& names = spec_->names;
  embedding_VD_ =
      reader.get(names.trunk + names.embedding + ".weight", {shape.vocabulary, shape.hidden});
  if (!names.positions.empty())
    positions_CD_ =
        reader.get(names.trunk + names.positions + ".weight", {shape.context, shape.hidden});
  for (std::int64_t i = 0; i < shape.layers; ++i) layers_.emplace_back(*spec_, i, reader);
  final_norm_ = reader.norm(names.trunk + names.final_norm);
  head_VD_ = reader.head(embedding_VD_);
  rotary_ = RotaryEmbedding(spec_->rope, embedding_VD_.options());
  if (options.trained == Trained::kAdapter) add_adapters(options);
}

void DecoderNetwork::add_adapters(const CausalLmOptions& options) {
  std::vector<std::string> names;
  for (const DecoderLayer& layer : layers_) {
    for (const auto& name : layer.projection_names()) names.push_back(name);
  }
  check_targets(options.adapter, names, short_names(layers_.front().projection_names(), *spec_));
  std::uint32_t number = 0;
  for (DecoderLayer& layer : layers_) layer.add_adapters(options, number);
}

NetworkAdapters DecoderNetwork::adapters(Adapter adapter) const {
  NetworkAdapters adapters(layers_.size());
  if (adapter == Adapter::kOff) return adapters;
  for (std::size_t i = 0; i < layers_.size(); ++i) adapters[i] = layers_[i].adapters();
  return adapters;
}

LayerPasses DecoderNetwork::passes(const RaggedBatch& batch) const {
  const auto angles = rotary_.angles(batch.positions_N(options().device()));
  const auto pass = [&](std::int64_t window) {
    return std::make_shared<const RaggedPass>(
        RaggedPass{make_attention_plan(batch, options(), window), angles});
  };
  LayerPasses passes;
  std::shared_ptr<const RaggedPass> whole, windowed;
  for (std::int64_t i = 0; i < spec_->shape.layers; ++i) {
    const auto window = spec_->window_of(i);
    auto& shared = window == 0 ? whole : windowed;
    if (shared == nullptr) shared = pass(window);
    passes.push_back(shared);
  }
  return passes;
}

at::Tensor DecoderNetwork::hidden(const at::Tensor& tokens_N, const at::Tensor& positions_N,
                                  const NetworkAdapters& adapters, const Attend& attend) const {
  // The sum over layers is kept in float32: in bfloat16 each of its additions would lose what a
  // late layer contributes.
  const auto sum_type = at::promote_types(embedding_VD_.scalar_type(), at::kFloat);
  at::Tensor h_ND = at::embedding(embedding_VD_, tokens_N).to(sum_type);
  if (positions_CD_.defined()) h_ND = h_ND + at::embedding(positions_CD_, positions_N);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    h_ND = layers_[i](h_ND, adapters[i], [&](const at::Tensor& qkv_NSE) {
      return attend(static_cast<std::int64_t>(i), qkv_NSE);
    });
  }
  return final_norm_(h_ND);
}

std::string DecoderNetwork::head_name() const {
  const auto& names = spec_->names;
  return (has_own_head() ? names.head.front() : names.trunk + names.embedding) + ".weight";
}

std::int64_t DecoderNetwork::parameters() const {
  std::int64_t count = embedding_VD_.numel() + final_norm_.parameters();
  if (positions_CD_.defined()) count += positions_CD_.numel();
  if (has_own_head()) count += head_VD_.numel();
  for (const DecoderLayer& layer : layers_) count += layer.parameters();
  return count;
}

NamedTensors DecoderNetwork::trainable() const {
  NamedTensors tensors;
  for (const DecoderLayer& layer : layers_) layer.append_trainable(tensors);
  return tensors;
}

TensorSources DecoderNetwork::merged() const {
  const auto& names = spec_->names;
  TensorSources sources;
  append_source(sources, names.trunk + names.embedding + ".weight", embedding_VD_);
  if (positions_CD_.defined())
    append_source(sources, names.trunk + names.positions + ".weight", positions_CD_);
  for (const DecoderLayer& layer : layers_) layer.append_merged(sources);
  final_norm_.append_weights(sources);
  if (has_own_head()) append_source(sources, names.head.front() + ".weight", head_VD_);
  return sources;
}

}  // namespace alarm_dist

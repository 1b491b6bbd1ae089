// SPDX-License-Identifier: Apache-2.0
#include "model/decoder_layer.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "model/gated_silu.hpp"

namespace alarm_dist {
namespace {

std::string layer_name(const DecoderSpec& spec, std::int64_t number) {
  return spec.names.trunk + spec.names.layers + "." + std::to_string(number) + ".";
}

at::Tensor as_sum(const at::Tensor& x) {
  return x.to(at::promote_types(x.scalar_type(), at::kFloat));
}

}  // namespace

DecoderLayer::DecoderLayer(const DecoderSpec& spec, std::int64_t number, const WeightReader& reader)
    : spec_(&spec),
      attention_norm_(reader.norm(layer_name(spec, number) + spec.names.attention_norm)),
      mlp_norm_(reader.norm(layer_name(spec, number) + spec.names.mlp_norm)),
      qkv_(reader.projections(layer_name(spec, number), spec.qkv, spec.qkv_shape())),
      output_(reader.projections(layer_name(spec, number), spec.output, spec.output_shape())),
      up_(reader.projections(layer_name(spec, number), spec.up, spec.up_shape())),
      down_(reader.projections(layer_name(spec, number), spec.down, spec.down_shape())) {
  if (spec.names.query_norm.empty()) return;
  const auto query_name = layer_name(spec, number) + spec.names.query_norm,
             key_name = layer_name(spec, number) + spec.names.key_norm;
  const auto query_E = reader.get(query_name + ".weight", {spec.shape.head_size}),
             key_E = reader.get(key_name + ".weight", {spec.shape.head_size});
  query_norm_ = {query_name, query_E, {}, spec.norm_eps};
  key_norm_ = {key_name, key_E, {}, spec.norm_eps};
  heads_norm_ = {
      "",
      at::cat({query_E.expand({spec.shape.heads, -1}), key_E.expand({spec.shape.kv_heads, -1})}),
      {},
      spec.norm_eps};
}

at::Tensor DecoderLayer::heads_NSE(const at::Tensor& qkv_NO) const {
  const auto& shape = spec_->shape;
  const auto stacked = shape.heads + 2 * shape.kv_heads, rows = qkv_NO.size(0);
  at::Tensor heads = qkv_NO.view({rows, stacked, shape.head_size});
  if (spec_->qkv_order == QkvOrder::kByHead) {
    heads = heads.view({rows, shape.heads, 3, shape.head_size})
                .transpose(1, 2)
                .reshape({rows, stacked, shape.head_size});
  }
  if (spec_->names.query_norm.empty()) return heads;
  const auto turned = shape.heads + shape.kv_heads;
  return at::cat(
      {heads_norm_(as_sum(heads.narrow(1, 0, turned))), heads.narrow(1, turned, shape.kv_heads)},
      1);
}

at::Tensor DecoderLayer::feed_forward(const at::Tensor& h_ND, const LayerAdapters& adapters) const {
  const auto up = up_(mlp_norm_(h_ND), adapters.up);
  return down_(spec_->gated() ? gated_silu(up) : activate(up, spec_->activation), adapters.down);
}

at::Tensor DecoderLayer::operator()(const at::Tensor& h_ND, const LayerAdapters& adapters,
                                    const Attend& attend) const {
  const auto qkv = qkv_(attention_norm_(h_ND), adapters.qkv);
  const auto sum_ND = h_ND + output_(attend(heads_NSE(qkv)), adapters.output);
  const bool parallel = spec_->residual == Residual::kParallel;
  return sum_ND + feed_forward(parallel ? h_ND : sum_ND, adapters);
}

void DecoderLayer::add_adapters(const CausalLmOptions& options, std::uint32_t& tensor_number) {
  for (Projections* projections : {&qkv_, &output_, &up_, &down_})
    projections->add_adapters(options.adapter, options.seed, tensor_number);
}

LayerAdapters DecoderLayer::adapters() const {
  return {qkv_.adapter(), output_.adapter(), up_.adapter(), down_.adapter()};
}

std::vector<std::string> DecoderLayer::projection_names() const {
  std::vector<std::string> names;
  for (const Projections* part : projections()) {
    for (const auto& name : part->names()) names.push_back(name);
  }
  return names;
}

std::int64_t DecoderLayer::parameters() const {
  std::int64_t count = attention_norm_.parameters() + mlp_norm_.parameters() +
                       query_norm_.parameters() + key_norm_.parameters();
  for (const Projections* part : projections()) count += part->parameters();
  return count;
}

void DecoderLayer::append_trainable(NamedTensors& tensors) const {
  for (const Projections* part : projections()) part->append_trainable(tensors);
}

void DecoderLayer::append_merged(TensorSources& sources) const {
  attention_norm_.append_weights(sources);
  qkv_.append_merged(sources);
  query_norm_.append_weights(sources);
  key_norm_.append_weights(sources);
  output_.append_merged(sources);
  mlp_norm_.append_weights(sources);
  up_.append_merged(sources);
  down_.append_merged(sources);
}

}  // namespace alarm_dist

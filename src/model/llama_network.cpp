// SPDX-License-Identifier: Apache-2.0
#include "model/llama_network.hpp"

#include <string>
#include <utility>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "model/gated_silu.hpp"
#include "model/rms_norm.hpp"

namespace alarm_dist {
namespace {

// Takes tensors of the expected shape out of a file, in the wanted type and place. A tensor that
// has both already stays a view of the map.
class WeightReader {
 public:
  WeightReader(const TensorFile& file, const CausalLmOptions& options)
      : file_(file), options_(options) {}

  at::Tensor get(const std::string& name, at::IntArrayRef shape) const {
    return file_.get(name, shape).to(options_.device, options_.dtype);
  }
  Projections::Part part(const std::string& name, std::int64_t outputs, std::int64_t inputs) const {
    return {name, get(name + ".weight", {outputs, inputs})};
  }

 private:
  const TensorFile& file_;
  const CausalLmOptions& options_;
};

std::string layer_name(std::size_t layer) { return "model.layers." + std::to_string(layer) + "."; }

}  // namespace

LlamaNetwork::LlamaNetwork(const LlamaConfig& config, const TensorFile& file,
                           const CausalLmOptions& options)
    : config_(config) {
  const WeightReader reader(file, options);
  const auto& shape = config.shape;
  const auto hidden = shape.hidden, forward = config.feed_forward;
  const auto q = shape.heads * shape.head_size, kv = shape.kv_heads * shape.head_size;
  embedding_VD_ = reader.get("model.embed_tokens.weight", {shape.vocabulary, hidden});
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    const auto name = layer_name(static_cast<std::size_t>(i));
    const auto attention = name + "self_attn.", mlp = name + "mlp.";
    layers_.push_back({.attention_norm_D = reader.get(name + "input_layernorm.weight", {hidden}),
                       .mlp_norm_D = reader.get(name + "post_attention_layernorm.weight", {hidden}),
                       .qkv = Projections({reader.part(attention + "q_proj", q, hidden),
                                           reader.part(attention + "k_proj", kv, hidden),
                                           reader.part(attention + "v_proj", kv, hidden)}),
                       .output = Projections({reader.part(attention + "o_proj", hidden, q)}),
                       .gate_up = Projections({reader.part(mlp + "gate_proj", forward, hidden),
                                               reader.part(mlp + "up_proj", forward, hidden)}),
                       .down = Projections({reader.part(mlp + "down_proj", hidden, forward)})});
  }
  final_norm_D_ = reader.get("model.norm.weight", {hidden});
  head_VD_ = config.tied_embeddings ? embedding_VD_
                                    : reader.get("lm_head.weight", {shape.vocabulary, hidden});
  if (!options.lora) return;
  std::uint32_t number = 0;
  for (Layer& layer : layers_) {
    for (Projections* projections : {&layer.qkv, &layer.output, &layer.gate_up, &layer.down}) {
      projections->add_adapters(options.adapter, options.seed, number);
    }
  }
}

NetworkAdapters LlamaNetwork::adapters(Adapter adapter) const {
  NetworkAdapters adapters(layers_.size());
  if (adapter == Adapter::kOff) return adapters;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    adapters[i] = {layer.qkv.adapter(), layer.output.adapter(), layer.gate_up.adapter(),
                   layer.down.adapter()};
  }
  return adapters;
}

at::Tensor LlamaNetwork::layer_output(
    const Layer& layer, at::Tensor h_ND, const LayerAdapters& adapters,
    const std::function<at::Tensor(const at::Tensor&)>& attend) const {
  const auto normed = rms_norm(h_ND, layer.attention_norm_D, config_.norm_eps);
  const auto qkv = layer.qkv(normed, adapters.qkv);
  const auto attended = attend(qkv.view({qkv.size(0), heads().stacked(), config_.shape.head_size}));
  h_ND = h_ND + layer.output(attended, adapters.output);
  const auto gate_up =
      layer.gate_up(rms_norm(h_ND, layer.mlp_norm_D, config_.norm_eps), adapters.gate_up);
  return h_ND + layer.down(gated_silu(gate_up), adapters.down);
}

at::Tensor LlamaNetwork::hidden(const at::Tensor& tokens_N, const NetworkAdapters& adapters,
                                const Attend& attend) const {
  // The sum over layers is kept in float32: in bfloat16 each of its additions would lose what a
  // late layer contributes.
  const auto sum_type = at::promote_types(embedding_VD_.scalar_type(), at::kFloat);
  at::Tensor h_ND = at::embedding(embedding_VD_, tokens_N).to(sum_type);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    h_ND = layer_output(layers_[i], std::move(h_ND), adapters[i], [&](const at::Tensor& qkv_NSE) {
      return attend(static_cast<std::int64_t>(i), qkv_NSE);
    });
  }
  return rms_norm(h_ND, final_norm_D_, config_.norm_eps);
}

std::int64_t LlamaNetwork::parameters() const {
  std::int64_t count = embedding_VD_.numel() + final_norm_D_.numel();
  if (!config_.tied_embeddings) count += head_VD_.numel();
  for (const Layer& layer : layers_) {
    count += layer.attention_norm_D.numel() + layer.mlp_norm_D.numel();
    for (const Projections* projections :
         {&layer.qkv, &layer.output, &layer.gate_up, &layer.down}) {
      count += projections->parameters();
    }
  }
  return count;
}

NamedTensors LlamaNetwork::trainable() const {
  NamedTensors tensors;
  for (const Layer& layer : layers_) {
    for (const Projections* projections :
         {&layer.qkv, &layer.output, &layer.gate_up, &layer.down}) {
      projections->append_trainable(tensors);
    }
  }
  return tensors;
}

NamedTensors LlamaNetwork::merged() const {
  NamedTensors tensors{{"model.embed_tokens.weight", embedding_VD_}};
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    tensors.emplace_back(layer_name(i) + "input_layernorm.weight", layer.attention_norm_D);
    layer.qkv.append_merged(tensors);
    layer.output.append_merged(tensors);
    tensors.emplace_back(layer_name(i) + "post_attention_layernorm.weight", layer.mlp_norm_D);
    layer.gate_up.append_merged(tensors);
    layer.down.append_merged(tensors);
  }
  tensors.emplace_back("model.norm.weight", final_norm_D_);
  if (!config_.tied_embeddings) tensors.emplace_back("lm_head.weight", head_VD_);
  return tensors;
}

}  // namespace alarm_dist

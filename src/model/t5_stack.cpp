// SPDX-License-Identifier: Apache-2.0
#include "model/t5_stack.hpp"

#include <utility>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "alarm/base/error.hpp"

#include "model/weight_sources.hpp"

namespace alarm_dist {
namespace {

// A block's parts in the order of Hugging Face's "layer" list.
struct PartNames {
  std::string attention, cross, mlp;
};

PartNames part_names(const std::string& block, T5Side side) {
  const bool decoder = side == T5Side::kDecoder;
  return {block + "layer.0.", block + "layer.1.", block + (decoder ? "layer.2." : "layer.1.")};
}

std::string bias_name(const std::string& stack) {
  return stack + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight";
}

Norm read_norm(const T5Weights& weights, const std::string& name, const T5Config& config) {
  return {name, weights.get(name + ".weight", {config.shape.hidden}), {}, config.norm_eps};
}

struct MapShape {
  std::int64_t outputs = 0, inputs = 0;
};

Projections read_maps(const T5Weights& weights, const std::string& prefix,
                      const std::vector<std::string>& names, const MapShape& shape) {
  std::vector<Projections::Part> parts;
  for (const auto& name : names) {
    parts.push_back(
        {.name = prefix + name,
         .weight_OI = weights.get(prefix + name + ".weight", {shape.outputs, shape.inputs})});
  }
  return Projections(parts);
}

}  // namespace

at::Tensor T5Weights::get(const std::string& name, at::IntArrayRef shape) const {
  return file.get(name, shape).to(options.device, options.dtype);
}

template <class AnyBlock>
auto T5Stack::projections(AnyBlock& block) {
  std::vector<decltype(&block.qkv)> maps{&block.qkv, &block.output};
  if (block.cross) {
    auto& cross = *block.cross;
    maps.insert(maps.end(), {&cross.query, &cross.keys_values, &cross.output});
  }
  maps.insert(maps.end(), {&block.up, &block.down});
  return maps;
}

std::vector<const Norm*> T5Stack::norms(const Block& block) {
  if (!block.cross) return {&block.attention_norm, &block.mlp_norm};
  return {&block.attention_norm, &block.cross->norm, &block.mlp_norm};
}

T5Stack::T5Stack(const T5Config& config, T5Side side, const T5Weights& weights)
    : config_(config), side_(side), name_(side == T5Side::kEncoder ? "encoder" : "decoder") {
  const bool decoder = side == T5Side::kDecoder;
  const auto layers = decoder ? config.shape.layers : config.encoder_layers;
  for (std::int64_t i = 0; i < layers; ++i)
    blocks_.push_back(read_block(name_ + ".block." + std::to_string(i) + ".", weights));
  bias_ = {.table_CH = weights.get(bias_name(name_), {config.buckets.count, config.shape.heads}),
           .buckets = config.buckets,
           .sight = decoder ? Sight::kBackwards : Sight::kBothWays};
  final_norm_ = read_norm(weights, name_ + ".final_layer_norm", config);
}

T5Stack::Block T5Stack::read_block(const std::string& name, const T5Weights& weights) const {
  using Names = std::vector<std::string>;
  const auto hidden = config_.shape.hidden, inner = config_.inner();
  const MapShape to_heads{inner, hidden}, from_heads{hidden, inner};
  const auto names = part_names(name, side_);
  const auto norm = [&](const std::string& part) {
    return read_norm(weights, part + "layer_norm", config_);
  };
  const auto maps = [&](const std::string& prefix, const Names& maps_of, const MapShape& shape) {
    return read_maps(weights, prefix, maps_of, shape);
  };
  std::optional<CrossPart> cross;
  if (side_ == T5Side::kDecoder) {
    const auto prefix = names.cross + "EncDecAttention.";
    cross.emplace(CrossPart{.norm = norm(names.cross),
                            .query = maps(prefix, {"q"}, to_heads),
                            .keys_values = maps(prefix, {"k", "v"}, to_heads),
                            .output = maps(prefix, {"o"}, from_heads)});
  }
  const auto attention = names.attention + "SelfAttention.", mlp = names.mlp + "DenseReluDense.";
  const auto up = config_.gated ? Names{"wi_0", "wi_1"} : Names{"wi"};
  return {.attention_norm = norm(names.attention),
          .qkv = maps(attention, {"q", "k", "v"}, to_heads),
          .output = maps(attention, {"o"}, from_heads),
          .cross = std::move(cross),
          .mlp_norm = norm(names.mlp),
          .up = maps(mlp, up, {config_.shape.feed_forward, hidden}),
          .down = maps(mlp, {"wo"}, {hidden, config_.shape.feed_forward})};
}

T5StackAdapters T5Stack::adapters(Adapter adapter) const {
  T5StackAdapters adapters(blocks_.size());
  if (adapter == Adapter::kOff) return adapters;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    auto& of_block = adapters[i];
    of_block.qkv = block.qkv.adapter();
    of_block.output = block.output.adapter();
    if (block.cross) {
      of_block.query = block.cross->query.adapter();
      of_block.keys_values = block.cross->keys_values.adapter();
      of_block.cross_output = block.cross->output.adapter();
    }
    of_block.up = block.up.adapter();
    of_block.down = block.down.adapter();
  }
  return adapters;
}

at::Tensor T5Stack::by_head(const at::Tensor& x_NI) const {
  return x_NI.view({x_NI.size(0), -1, config_.shape.head_size});
}

at::Tensor T5Stack::feed_forward(const Block& block, const at::Tensor& x_ND,
                                 const T5BlockAdapters& adapters) const {
  auto inner = block.up(x_ND, adapters.up);
  if (config_.gated) {
    const auto parts = inner.split(config_.shape.feed_forward, 1);
    inner = activate(parts[0], config_.activation) * parts[1];
  } else {
    inner = activate(inner, config_.activation);
  }
  return block.down(inner, adapters.down);
}

at::Tensor T5Stack::block_output(std::int64_t layer, at::Tensor h_ND,
                                 const T5BlockAdapters& adapters,
                                 const T5Attention& attention) const {
  const Block& block = blocks_[static_cast<std::size_t>(layer)];
  const auto qkv = by_head(block.qkv(block.attention_norm(h_ND), adapters.qkv));
  h_ND = h_ND + block.output(attention.own(layer, qkv), adapters.output);
  if (block.cross) {
    const auto query = by_head(block.cross->query(block.cross->norm(h_ND), adapters.query));
    h_ND = h_ND + block.cross->output(attention.prompts(layer, query), adapters.cross_output);
  }
  return h_ND + feed_forward(block, block.mlp_norm(h_ND), adapters);
}

at::Tensor T5Stack::states(at::Tensor h_ND, const T5StackAdapters& adapters,
                           const T5Attention& attention) const {
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    h_ND = block_output(static_cast<std::int64_t>(i), std::move(h_ND), adapters[i], attention);
  }
  return final_norm_(h_ND);
}

at::Tensor T5Stack::prompt_keys_values(std::int64_t layer, const at::Tensor& encoded_MD,
                                       const T5StackAdapters& adapters) const {
  const auto i = static_cast<std::size_t>(layer);
  const auto& cross = blocks_[i].cross;
  ALARM_CHECK(cross.has_value(), "the blocks of an encoder have no keys of prompts");
  return by_head(cross->keys_values(encoded_MD, adapters[i].keys_values));
}

std::vector<std::string> T5Stack::projection_names() const {
  std::vector<std::string> names;
  for (const Block& block : blocks_) {
    for (const auto* map : projections(block)) {
      for (const auto& name : map->names()) names.push_back(name);
    }
  }
  return names;
}

void T5Stack::add_adapters(const LoraConfig& lora, std::uint64_t seed,
                           std::uint32_t& tensor_number) {
  for (Block& block : blocks_) {
    for (auto* map : projections(block)) map->add_adapters(lora, seed, tensor_number);
  }
}

std::int64_t T5Stack::parameters() const {
  std::int64_t count = bias_.table_CH.numel() + final_norm_.parameters();
  for (const Block& block : blocks_) {
    for (const auto* map : projections(block)) count += map->parameters();
    for (const auto* norm : norms(block)) count += norm->parameters();
  }
  return count;
}

void T5Stack::append_trainable(NamedTensors& tensors) const {
  for (const Block& block : blocks_) {
    for (const auto* map : projections(block)) map->append_trainable(tensors);
  }
}

void T5Stack::append_merged(TensorSources& sources) const {
  append_source(sources, bias_name(name_), bias_.table_CH);
  for (const Block& block : blocks_) {
    for (const auto* map : projections(block)) map->append_merged(sources);
    for (const auto* norm : norms(block)) norm->append_weights(sources);
  }
  final_norm_.append_weights(sources);
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "model/projections.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <fmt/ranges.h>

#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"

#include "model/lora_linear.hpp"
#include "model/peft_names.hpp"
#include "model/weight_sources.hpp"

namespace alarm_dist {
namespace {

bool end_to_end(const std::vector<Projections::Part>& parts) {
  const auto follows = [](const Projections::Part& next, const Projections::Part& part) {
    const auto* end =
        static_cast<const std::byte*>(part.weight_OI.const_data_ptr()) + part.weight_OI.nbytes();
    return part.weight_OI.is_cpu() && part.weight_OI.is_contiguous() &&
           next.weight_OI.is_contiguous() && end == next.weight_OI.const_data_ptr();
  };
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (!follows(parts[i], parts[i - 1])) return false;
  }
  return true;
}

std::vector<at::Tensor> join(const std::vector<Projections::Part>& parts) {
  std::vector<at::Tensor> weights;
  std::int64_t rows = 0;
  for (const auto& part : parts) {
    weights.push_back(part.weight_OI);
    rows += part.weight_OI.size(0);
  }
  const auto& first = weights.front();
  // What has a gradient stays apart: it has to find back to the leaf it belongs to.
  const auto is_trained = [](const at::Tensor& weight) { return weight.requires_grad(); };
  if (weights.size() == 1 || std::ranges::any_of(weights, is_trained)) return weights;
  if (!first.is_cpu()) return {at::cat(weights)};
  if (!end_to_end(parts)) return weights;
  return {at::from_blob(
      first.data_ptr(), {rows, first.size(1)}, [weights](void*) { /* keeps the map alive */ },
      first.options())};
}

at::Tensor join_biases(const std::vector<Projections::Part>& parts) {
  std::vector<at::Tensor> biases;
  for (const auto& part : parts) {
    if (part.bias_O.defined()) biases.push_back(part.bias_O);
  }
  if (biases.empty()) return {};
  return biases.size() == 1 ? biases.front() : at::cat(biases);
}

// PEFT's kaiming_uniform_(a=sqrt(5)): uniform in +-1/sqrt(inputs).
at::Tensor initial_a(std::int64_t rank, std::int64_t inputs, std::uint64_t seed,
                     std::uint32_t tensor_number) {
  at::Tensor a = at::empty({rank, inputs}, at::kFloat);
  auto* value = a.mutable_data_ptr<float>();
  const double bound = 1.0 / std::sqrt(static_cast<double>(inputs));
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    const DrawKey key{.seed = seed,
                      .purpose = Purpose::kAdapterInit,
                      .step = 0,
                      .sample = tensor_number,
                      .token = static_cast<std::uint32_t>(i)};
    value[i] = static_cast<float>(bound * (2 * draw_uniform(key) - 1));
  }
  return a;
}

}  // namespace

bool is_target(const std::string& target, const std::string& projection) {
  return target == kAllLinear || projection == target || projection.ends_with("." + target);
}

void check_targets(const LoraConfig& lora, const std::vector<std::string>& projections,
                   const std::vector<std::string>& known) {
  for (const auto& target : lora.targets) {
    const auto named = [&](const auto& projection) { return is_target(target, projection); };
    ALARM_CHECK(
        std::ranges::any_of(projections, named),
        "adapter target \"{}\": the model has no such projection; it has {}, and \"{}\" means all",
        target, fmt::join(known, ", "), kAllLinear);
  }
}

Projections::Projections(const std::vector<Part>& parts, WeightLayout layout)
    : weights_OI_(join(parts)), bias_O_(join_biases(parts)), layout_(layout) {
  for (const Part& part : parts)
    blocks_.push_back({.name = part.name, .rows = part.weight_OI.size(0), .a_RI = {}, .b_OR = {}});
}

void Projections::add_adapters(const LoraConfig& lora, std::uint64_t seed,
                               std::uint32_t& tensor_number) {
  scale_ = lora.alpha / static_cast<double>(lora.rank);
  for (Block& block : blocks_) {
    const auto number = tensor_number++;
    const auto named = [&](const auto& target) { return is_target(target, block.name); };
    if (std::ranges::none_of(lora.targets, named)) continue;
    const at::Tensor& weight = weights_OI_.front();
    const auto type = weight.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    const auto options = weight.options().dtype(type);
    block.a_RI = initial_a(lora.rank, weight.size(1), seed, number).to(options).requires_grad_();
    block.b_OR = at::zeros({block.rows, lora.rank}, options).requires_grad_();
  }
}

FusedAdapter Projections::adapter() const {
  std::vector<at::Tensor> as, bs;
  for (const Block& block : blocks_) {
    if (block.a_RI.defined()) as.push_back(block.a_RI);
    bs.push_back(block.b_OR.defined() ? block.b_OR
                                      : at::empty({block.rows, 0}, weights_OI_.front().options()));
  }
  if (as.empty()) return {};
  const auto type = weights_OI_.front().scalar_type();
  const auto a = as.size() == 1 ? as.front() : at::cat(as);
  const auto b = bs.size() == 1 ? bs.front() : at::block_diag(bs);
  return {a.to(type), (b * scale_).to(type)};
}

at::Tensor Projections::operator()(const at::Tensor& x_NI, const FusedAdapter& adapter) const {
  const auto bias_O = bias_O_.defined() ? std::optional(bias_O_) : std::nullopt;
  if (!adapter.a_RI.defined()) return linear_in_parts(x_NI, weights_OI_, bias_O);
  return lora_linear(x_NI, weights_OI_, bias_O, adapter.a_RI, adapter.b_OR);
}

std::vector<std::string> Projections::names() const {
  std::vector<std::string> names;
  for (const Block& block : blocks_) names.push_back(block.name);
  return names;
}

std::int64_t Projections::parameters() const {
  std::int64_t count = bias_O_.defined() ? bias_O_.numel() : 0;
  for (const auto& weight : weights_OI_) count += weight.numel();
  return count;
}

void Projections::append_trainable(NamedTensors& tensors) const {
  for (const Block& block : blocks_) {
    if (!block.a_RI.defined()) continue;
    tensors.emplace_back(kPeftPrefix + block.name + kPeftA, block.a_RI);
    tensors.emplace_back(kPeftPrefix + block.name + kPeftB, block.b_OR);
  }
}

at::Tensor Projections::merged(const at::Tensor& weight_OI, const Block& block) const {
  const auto change = block.b_OR.detach().mm(block.a_RI.detach()).mul_(scale_);
  const auto sum = (weight_OI.to(change.scalar_type()) + change).to(weight_OI.scalar_type());
  return layout_ == WeightLayout::kOutputsFirst ? sum : sum.t();
}

void Projections::append_merged(TensorSources& sources) const {
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    const bool joined = weights_OI_.size() == 1;
    const at::Tensor weight =
        joined ? weights_OI_.front().narrow(0, begin, block.rows) : weights_OI_[i];
    append_source(sources, block.name + ".weight",
                  layout_ == WeightLayout::kOutputsFirst ? weight : weight.t());
    if (block.a_RI.defined())
      sources.back().make = [this, weight, &block] { return merged(weight, block); };
    begin += block.rows;
  }
  append_biases(sources);
}

void Projections::append_biases(TensorSources& sources) const {
  if (!bias_O_.defined()) return;
  std::int64_t begin = 0;
  for (const Block& block : blocks_) {
    append_source(sources, block.name + ".bias", bias_O_.narrow(0, begin, block.rows));
    begin += block.rows;
  }
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "model/weight_reader.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <ATen/Functions.h>

#include "model/score_names.hpp"

namespace alarm_dist {

WeightReader::WeightReader(const TensorFile& file, const DecoderSpec& spec,
                           const CausalLmOptions& options)
    : file_(file), spec_(spec), options_(options) {
  const auto embedding = spec.names.embedding + ".weight";
  bare_trunk_ = !file.contains(spec.names.trunk + embedding) && file.contains(embedding);
}

std::string WeightReader::stored(const std::string& name) const {
  return bare_trunk_ && name.starts_with(spec_.names.trunk) ? name.substr(spec_.names.trunk.size())
                                                            : name;
}

at::Tensor WeightReader::get(const std::string& name, at::IntArrayRef shape) const {
  return file_.get(stored(name), shape).to(options_.device, options_.dtype);
}

Norm WeightReader::norm(const std::string& name) const {
  const auto size = spec_.shape.hidden;
  const auto bias = spec_.norm == NormKind::kLayer ? get(name + ".bias", {size}) : at::Tensor();
  return {name, get(name + ".weight", {size}), bias, spec_.norm_eps};
}

Projections WeightReader::projections(const std::string& layer, const ProjectionSpec& maps,
                                      const ProjectionShape& shape) const {
  std::vector<Projections::Part> parts;
  for (std::size_t i = 0; i < maps.names.size(); ++i) {
    const auto name = layer + maps.names[i];
    const auto outputs = shape.outputs[i];
    const auto weight = spec_.layout == WeightLayout::kOutputsFirst
                            ? get(name + ".weight", {outputs, shape.inputs})
                            : get(name + ".weight", {shape.inputs, outputs}).t();
    parts.push_back({.name = name,
                     .weight_OI = weight,
                     .bias_O = maps.bias ? get(name + ".bias", {outputs}) : at::Tensor()});
  }
  return Projections(parts, spec_.layout);
}

at::Tensor WeightReader::head(const at::Tensor& embedding_VD) const {
  const auto& names = spec_.names.head;
  const auto found = std::ranges::find_if(
      names, [&](const std::string& name) { return file_.contains(name + ".weight"); });
  if (found == names.end()) {
    if (spec_.tied_embeddings) return embedding_VD;
    if (has_score_head()) return {};
  }
  const auto head_VD = get((found == names.end() ? names.front() : *found) + ".weight",
                           {spec_.shape.vocabulary, spec_.shape.hidden});
  const bool tied = spec_.tied_embeddings && at::equal(head_VD, embedding_VD);
  return tied ? embedding_VD : head_VD;
}

bool WeightReader::has_score_head() const {
  return std::ranges::any_of(
      kScoreHeads, [&](const char* name) { return file_.contains(std::string(name) + ".weight"); });
}

}  // namespace alarm_dist

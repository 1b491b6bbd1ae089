// SPDX-License-Identifier: Apache-2.0
#include "model/trained_weights.hpp"

#include <algorithm>

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {

TrainedWeights::TrainedWeights(const TensorSources& checkpoint) {
  for (const auto& source : checkpoint) {
    const auto type = at::promote_types(source.type, at::kFloat);
    const auto weight = source.make();
    auto leaf = at::empty(weight.sizes(), weight.options().dtype(type)).copy_(weight);
    leaves_.emplace_back(source.name, leaf.requires_grad_());
  }
}

at::Tensor TrainedWeights::get(const std::string& name, at::ScalarType dtype) const {
  const auto found = std::ranges::find(leaves_, name, &NamedTensors::value_type::first);
  ALARM_CHECK(found != leaves_.end(), "tensor '{}' is not among the trained weights", name);
  const at::Tensor& leaf = found->second;
  if (at::GradMode::is_enabled() || leaf.scalar_type() == dtype) return leaf.to(dtype);
  const std::int64_t version = leaf._version();
  if (last_.name != name || last_.version != version || last_.tensor.scalar_type() != dtype)
    last_ = {name, version, leaf.to(dtype)};
  return last_.tensor;
}

}  // namespace alarm_dist

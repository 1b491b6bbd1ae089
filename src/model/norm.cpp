// SPDX-License-Identifier: Apache-2.0
#include "model/norm.hpp"

#include <utility>

#include <ATen/Functions.h>

#include "model/rms_norm.hpp"
#include "model/weight_sources.hpp"

namespace alarm_dist {

Norm::Norm(std::string name, const at::Tensor& weight_D, const at::Tensor& bias_D, double eps)
    : name_(std::move(name)), weight_D_(weight_D), bias_D_(bias_D), eps_(eps) {}

at::Tensor Norm::operator()(const at::Tensor& x_ND) const {
  if (!bias_D_.defined()) return rms_norm(x_ND, weight_D_, eps_);
  const auto type = x_ND.scalar_type();
  return at::layer_norm(x_ND, weight_D_.sizes(), weight_D_.to(type), bias_D_.to(type), eps_)
      .to(weight_D_.scalar_type());
}

std::int64_t Norm::parameters() const {
  return (weight_D_.defined() ? weight_D_.numel() : 0) + (bias_D_.defined() ? bias_D_.numel() : 0);
}

void Norm::append_weights(TensorSources& sources) const {
  if (weight_D_.defined()) append_source(sources, name_ + ".weight", weight_D_);
  if (bias_D_.defined()) append_source(sources, name_ + ".bias", bias_D_);
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "train/reference.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace alarm_dist {

Reference::Reference(const ReferenceConfig& config, const NamedTensors& adapter)
    : config_(config), policy_(adapter) {
  if (config.kind.value_or(ReferenceKind::kFrozen) == ReferenceKind::kFrozen) return;
  for (const auto& [name, tensor] : adapter) weights_.emplace_back(name, tensor.detach().clone());
}

void Reference::exchange() const {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    at::Tensor mine = policy_[i].second, theirs = weights_[i].second;
    const at::Tensor kept = mine.detach().clone();
    mine.copy_(theirs);
    theirs.copy_(kept);
  }
}

void Reference::during(const std::function<void(Adapter)>& body) const {
  if (weights_.empty()) return body(Adapter::kOff);
  exchange();
  try {
    body(Adapter::kOn);
  } catch (...) {
    exchange();
    throw;
  }
  exchange();
}

void Reference::follow(std::int64_t step) {
  const at::NoGradGuard no_grad;
  const bool reset = config_.kind == ReferenceKind::kReset && (step + 1) % config_.every == 0;
  const double share = reset ? 1.0 : 1.0 - config_.decay;
  if (weights_.empty() || (config_.kind == ReferenceKind::kReset && !reset)) return;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    weights_[i].second.lerp_(policy_[i].second.detach(), share);
  }
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "train/reference.hpp"

#include "train/weight_copies.hpp"

namespace alarm_dist {

Reference::Reference(const ReferenceConfig& config, const NamedTensors& adapter, Adapter initial)
    : config_(config), policy_(adapter) {
  const auto kind = config.kind.value_or(ReferenceKind::kFrozen);
  const bool bare = kind == ReferenceKind::kFrozen && initial == Adapter::kOff;
  if (bare || kind == ReferenceKind::kBase) return;
  weights_ = clone_tensors(adapter);
}

void Reference::during(const std::function<void(Adapter)>& body) const {
  if (weights_.empty()) return body(Adapter::kOff);
  while_exchanged(policy_, weights_, [&] { body(Adapter::kOn); });
}

void Reference::follow(std::int64_t step) {
  if (config_.kind == ReferenceKind::kMovingAverage) {
    follow_weights(weights_, policy_, config_.decay);
  } else if (config_.kind == ReferenceKind::kReset && (step + 1) % config_.every == 0) {
    follow_weights(weights_, policy_, 0.0);
  }
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "train/reference.hpp"

#include "train/weight_copies.hpp"

namespace alarm_dist {

Reference::Reference(const ReferenceConfig& config, const NamedTensors& adapter)
    : config_(config), policy_(adapter) {
  if (config.kind.value_or(ReferenceKind::kFrozen) == ReferenceKind::kFrozen) return;
  weights_ = clone_tensors(adapter);
}

void Reference::during(const std::function<void(Adapter)>& body) const {
  if (weights_.empty()) return body(Adapter::kOff);
  while_exchanged(policy_, weights_, [&] { body(Adapter::kOn); });
}

void Reference::follow(std::int64_t step) {
  const bool reset = config_.kind == ReferenceKind::kReset && (step + 1) % config_.every == 0;
  if (weights_.empty() || (config_.kind == ReferenceKind::kReset && !reset)) return;
  follow_weights(weights_, policy_, reset ? 0.0 : config_.decay);
}

}  // namespace alarm_dist

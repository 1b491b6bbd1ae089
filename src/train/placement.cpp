// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/placement.hpp"

#include "alarm/base/error.hpp"

namespace alarm_dist {

std::string_view to_string(Role role) {
  switch (role) {
    case Role::kColocated:
      return "colocated";
    case Role::kRollout:
      return "rollout actor";
    case Role::kReward:
      return "reward actor";
    case Role::kLearner:
      return "learner";
  }
  return "?";
}

Placement::Placement(const PlacementConfig& config, int rank, int size)
    : config_(config), rank_(rank), size_(size) {
  if (config.colocated()) return;
  const auto sum = config.rollout + config.reward + config.learner;
  if (config.rollout < 1 || config.reward < 1 || config.learner < 1) {
    throw UsageError(fmt::format(
        "placement: {} rollout + {} reward + {} learner ranks: each role needs at least one "
        "(or use `placement: colocated`)",
        config.rollout, config.reward, config.learner));
  }
  if (sum != size) {
    throw UsageError(fmt::format(
        "placement: {} rollout + {} reward + {} learner = {} ranks, but the world has {}: start "
        "{} ranks, or set placement.learner={} for {}",
        config.rollout, config.reward, config.learner, sum, size, sum,
        std::max<std::int64_t>(1, size - config.rollout - config.reward),
        std::max<std::int64_t>(size, config.rollout + config.reward + 1)));
  }
}

Role Placement::role_of(int rank) const {
  if (colocated()) return Role::kColocated;
  if (rank < config_.rollout) return Role::kRollout;
  if (rank < config_.rollout + config_.reward) return Role::kReward;
  return Role::kLearner;
}

int Placement::first_learner() const {
  return colocated() ? 0 : static_cast<int>(config_.rollout + config_.reward);
}
int Placement::learners() const { return colocated() ? size_ : static_cast<int>(config_.learner); }
int Placement::first_rewarder() const {
  return colocated() ? 0 : static_cast<int>(config_.rollout);
}
int Placement::rewarders() const { return colocated() ? size_ : static_cast<int>(config_.reward); }

}  // namespace alarm_dist

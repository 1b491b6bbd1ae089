// SPDX-License-Identifier: Apache-2.0
// Which rank plays which role (DESIGN 2). A pure function of the config and the world size.
#pragma once

#include <string_view>

#include "alarm/train/config.hpp"

namespace alarm_dist {

enum class Role { kColocated, kRollout, kReward, kLearner };
std::string_view to_string(Role role);

class Placement {
 public:
  // Throws UsageError with the arithmetic when the roles do not add up to the world.
  Placement(const PlacementConfig& config, int rank, int size);

  Role role() const { return role_of(rank_); }
  Role role_of(int rank) const;
  bool colocated() const { return config_.colocated(); }
  bool generates() const { return role() == Role::kColocated || role() == Role::kRollout; }
  bool scores() const { return role() == Role::kColocated || role() == Role::kReward; }
  bool learns() const { return role() == Role::kColocated || role() == Role::kLearner; }
  // Ranks stand in the order rollout, reward, learner.
  int first_learner() const;
  int learners() const;
  int first_rewarder() const;
  int rewarders() const;

 private:
  PlacementConfig config_;
  int rank_;
  int size_;
};

}  // namespace alarm_dist

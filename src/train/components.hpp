// SPDX-License-Identifier: Apache-2.0
// The components of the composed reward as fine-grained PPO learns from them
// (alarm/rl/components.hpp): what algorithm.fine_grained says, made explicit for each.
#pragma once

#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/reward/composer.hpp"
#include "alarm/rl/components.hpp"
#include "alarm/train/config.hpp"

namespace alarm_dist {

struct Components {
  std::vector<std::string> names;    // in the order of the composition; empty: one reward, as ever
  std::vector<ComponentTerm> terms;  // of each
  bool valued_each = false;          // the critic has a value for each

  bool asked_for() const { return !names.empty(); }
  // How many values the critic has of a token.
  std::int64_t values() const { return valued_each ? static_cast<std::int64_t>(names.size()) : 1; }
};

// Throws UsageError with the reason for what does not go together.
Components resolve_components(const TrainConfig& config);

// What each component added to the response's tokens, [T, C]; adds up to its rewards. What is not
// one of them (too short, overlong) is about the response as a whole and counts for the first: the
// holistic one, where the composition has it.
at::Tensor component_rewards(const ComposedReward& reward, const Components& components);

}  // namespace alarm_dist

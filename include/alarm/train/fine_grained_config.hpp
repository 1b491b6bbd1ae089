// SPDX-License-Identifier: Apache-2.0
// What a config may say about fine-grained PPO (`algorithm.fine_grained`; alarm/rl/components.hpp).
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace alarm_dist {

// How a component of the composed reward is learned from. Empty: an equal share of the KL term, the
// algorithm's gamma and lambda.
struct ComponentConfig {
  std::string name;
  double weight = 1;  // of its advantage
  std::optional<double> kl = {}, gamma = {}, lambda = {};
};

enum class ComponentValues {
  kShared,  // one value, of the weighted sum
  kEach,    // one for each component
};

struct FineGrainedConfig {
  ComponentValues values = ComponentValues::kShared;
  std::vector<ComponentConfig> components = {};
};

}  // namespace alarm_dist

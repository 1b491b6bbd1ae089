// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/trace.hpp"

#include <algorithm>

namespace alarm_dist {

const ComponentTrace* RewardTrace::find(const std::string& name) const {
  const auto found =
      std::find_if(components.begin(), components.end(),
                   [&](const ComponentTrace& component) { return component.name == name; });
  return found != components.end() ? &*found : nullptr;
}

}  // namespace alarm_dist

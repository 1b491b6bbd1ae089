// SPDX-License-Identifier: Apache-2.0
// The words for a collective that is late: who has not come, what they are and what they were
// doing.
#pragma once

#include <string>
#include <vector>

#include "alarm/comm/control_plane.hpp"

namespace alarm_dist {

struct LateCollective {
  CollectiveEntry entry;
  std::vector<int>
      members;   // ranks of the world in this group; empty when the group is still being formed
  int rank = 0;  // who reports
  double waited_s = 0;
};

std::string late_report(const LateCollective& late, const std::vector<PeerState>& peers);

}  // namespace alarm_dist

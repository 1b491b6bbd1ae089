// SPDX-License-Identifier: Apache-2.0
// A Communicator that gives every collective a number and a deadline (DESIGN, law 6).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "alarm/comm/communicator.hpp"
#include "alarm/comm/control_plane.hpp"

namespace alarm_dist {

struct Deadline {
  double seconds = 600;
  // Called from the watchdog's thread with a report that names the collective, the ranks that have
  // not arrived, their role and what they were doing. It should end the process.
  std::function<void(const std::string& report)> on_late;
};

// Wraps a communicator; the control plane must outlive it. Collective: the ranks agree on a number
// for their group. Groups split off share the deadline. A collective on a device must return when
// it is done, not when it is queued.
std::unique_ptr<Communicator> with_deadline(std::unique_ptr<Communicator> communicator,
                                            ControlPlane& control, Deadline deadline);

}  // namespace alarm_dist

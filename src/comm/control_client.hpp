// SPDX-License-Identifier: Apache-2.0
// A rank's end of the control plane: one socket behind a lock, and a thread that sends a heartbeat
// every second.
#pragma once

#include <memory>
#include <string>

#include "alarm/comm/control_plane.hpp"

#include "comm/curve_keys.hpp"

namespace alarm_dist {

struct ControlClientOptions {
  int rank = 0;
  std::string endpoint;    // tcp://address:port
  std::string server_key;  // public
  CurveKeys keys;
  double timeout_s = 60;  // a claim that is not answered by then throws Error
  double heartbeat_s = 1;
};

std::unique_ptr<ControlPlane> make_control_client(ControlClientOptions options);

}  // namespace alarm_dist

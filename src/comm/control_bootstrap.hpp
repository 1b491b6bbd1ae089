// SPDX-License-Identifier: Apache-2.0
// Sets up the control plane of a job over a communicator that already works.
#pragma once

#include <memory>

#include "alarm/comm/communicator.hpp"
#include "alarm/comm/control_plane.hpp"

namespace alarm_dist {

enum class ControlReach {
  kOneHost,   // all ranks share a host: nothing but loopback listens
  kAllHosts,  // rank 0 listens on all its addresses, the others find one that they can reach
};

// Each rank makes its own keys and only public ones travel. Collective.
std::unique_ptr<ControlPlane> make_control_plane(Communicator& communicator, ControlReach reach);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// The world of a launcher: MPI for data, ZeroMQ for control.
#pragma once

#include <memory>

#include "alarm/comm/world.hpp"

namespace alarm_dist {

bool is_mpi_running();

// Starts MPI unless it runs already; only who started it ends it. Collective.
std::unique_ptr<World> make_mpi_world(const WorldOptions& options);

}  // namespace alarm_dist

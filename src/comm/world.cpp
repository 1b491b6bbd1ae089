// SPDX-License-Identifier: Apache-2.0
#include "alarm/comm/world.hpp"

#include "alarm/base/error.hpp"

#include "comm/in_process_world.hpp"
#include "comm/launcher.hpp"
#include "comm/mpi_world.hpp"

namespace alarm_dist {

std::unique_ptr<World> make_world(const WorldOptions& options) {
  const std::optional<int> promised = launched_size();
  if (!promised && !is_mpi_running()) return make_local_world();
  auto world = make_mpi_world(options);
  // srun with a PMI that this MPI does not speak starts n worlds of one, which would all write the
  // same run.
  ALARM_CHECK(!promised || *promised == 0 || *promised == world->size() || world->size() > 1,
              "the launcher started {} ranks, but MPI sees one: use the mpirun of this MPI, or "
              "srun --mpi=pmix",
              *promised);
  return world;
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "comm/launcher.hpp"

#include <cstdlib>

namespace alarm_dist {
namespace {

std::optional<int> number(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  return std::atoi(text);
}

}  // namespace

std::optional<int> launched_size() {
  // Open MPI's mpirun; MPICH's and SLURM's PMI-1/2.
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    if (const auto size = number(name)) return size;
  }
  // srun. A batch script itself has SLURM_PROCID too, but no step of several tasks.
  if (number("SLURM_PROCID")) {
    const auto step = number("SLURM_STEP_NUM_TASKS");
    const auto tasks = step ? step : number("SLURM_NTASKS");
    if (tasks && *tasks > 1) return tasks;
  }
  if (number("PMIX_RANK") || number("PMI_RANK")) return 0;
  return std::nullopt;
}

}  // namespace alarm_dist

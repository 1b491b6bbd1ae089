// SPDX-License-Identifier: Apache-2.0
// Whether a launcher (mpirun, mpiexec, srun) started this process, as its environment tells.
#pragma once

#include <optional>

namespace alarm_dist {

// The world size that the launcher promised, or nothing when the program was started alone; 0 when
// the launcher does not say how many ranks there are.
std::optional<int> launched_size();

}  // namespace alarm_dist

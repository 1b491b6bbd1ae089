// SPDX-License-Identifier: Apache-2.0
// The name of this node, as MPI and the logs know it.
#pragma once

#include <string>

namespace alarm_dist {

std::string host_name();

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// The control plane of a world inside one process: calls on a shared ledger.
#pragma once

#include <memory>

#include "alarm/comm/control_plane.hpp"

#include "comm/ledger.hpp"

namespace alarm_dist {

std::unique_ptr<ControlPlane> make_ledger_control(std::shared_ptr<Ledger> ledger, int rank);

}  // namespace alarm_dist

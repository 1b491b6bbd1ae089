// SPDX-License-Identifier: Apache-2.0
// Whether the job was told to stop (alarm/base/stop_signal.hpp): the word of any rank counts for
// all.
#pragma once

#include "alarm/comm/world.hpp"

namespace alarm_dist {

// Collective; the same answer on every rank.
bool any_rank_told_to_stop(World& world);

}  // namespace alarm_dist

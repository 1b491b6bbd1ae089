// SPDX-License-Identifier: Apache-2.0
// A rank's note of what it is and does, in a file of its own, for launch/run: a rank that is killed
// cannot say it any more.
#pragma once

#include <memory>
#include <string_view>

#include "alarm/comm/world.hpp"

namespace alarm_dist {

// Writes ALARM_RANK_NOTES/rank-N; does nothing where that variable is not set.
void write_rank_note(int rank, std::string_view note);

// The same world, whose control plane also keeps the rank's note.
std::unique_ptr<World> with_rank_notes(std::unique_ptr<World> world);

}  // namespace alarm_dist

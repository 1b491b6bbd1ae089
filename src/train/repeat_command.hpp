// SPDX-License-Identifier: Apache-2.0
// The command line that goes on with a run, as a person would type it.
#pragma once

#include <filesystem>
#include <string>

#include "alarm/comm/world.hpp"

namespace alarm_dist {

// As it stands, from the same working directory: this program under the launcher and with the ranks
// of this world, with the config in the run's folder. Words are quoted where a shell needs it.
std::string repeat_command(const World& world, const std::filesystem::path& run_dir);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// What a result came from: versions, build, hosts, digests of models and data.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "alarm/comm/world.hpp"
#include "alarm/train/config.hpp"

namespace alarm_dist {

// Name and version of everything linked, and facts of the build.
std::vector<std::pair<std::string, std::string>> versions();
std::string version_text();

void write_provenance(const std::filesystem::path& run_dir, const TrainConfig& config,
                      World& world);
// Adds what is known at the end.
void finish_provenance(const std::filesystem::path& run_dir, const std::string& weights_digest);

}  // namespace alarm_dist

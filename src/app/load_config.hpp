// SPDX-License-Identifier: Apache-2.0
// From command-line options to a TrainConfig, equal on all ranks.
#pragma once

#include <string>
#include <vector>

#include "alarm/train/config.hpp"

#include "app/session.hpp"

namespace CLI {
class App;
}

namespace alarm_dist {

struct ConfigOptions {
  std::string file;                    // empty: the embedded default alone
  std::vector<std::string> overrides;  // key=value
};
void add_config_options(CLI::App& command, ConfigOptions& options);

std::string embedded_config();  // configs/default.yaml

// Rank 0 reads the file and every rank gets its text. Collective. Throws UsageError.
TrainConfig load_config(World& world, const ConfigOptions& options);
TrainConfig load_config(const ConfigOptions& options);  // without a world
std::string resolved_yaml(TrainConfig config);

// check_config of alarm/train/config.hpp, and what only a look at the embedded config can tell:
// that a key which it sets was changed for an algorithm that does not read it.
void check_whole_config(const TrainConfig& config, int world_size);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// train --dry-run: what a run would do and take, without peers.
#pragma once

#include "alarm/train/config.hpp"

namespace alarm_dist {

// Checks the config for the world size that its placement names (or 1) and prints batches, groups,
// files, sources and predicted memory on standard output. Throws UsageError for what a run would
// refuse at start.
void print_dry_run(const TrainConfig& config);

}  // namespace alarm_dist

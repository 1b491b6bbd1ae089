// SPDX-License-Identifier: Apache-2.0
// train --dry-run: what a run would do, without models or peers.
#pragma once

#include "alarm/train/config.hpp"

namespace alarm_dist {

// Checks the config for the world size that its placement names (or 1) and prints batches, groups,
// files and sources on standard output. Throws UsageError for what a run would refuse at start.
void print_dry_run(const TrainConfig& config);

}  // namespace alarm_dist

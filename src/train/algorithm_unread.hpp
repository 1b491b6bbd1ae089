// SPDX-License-Identifier: Apache-2.0
// Keys of `algorithm` that the chosen algorithm does not read.
#pragma once

#include "alarm/train/algorithm.hpp"

namespace alarm_dist {

// Throws UsageError for one that was changed all the same: whoever wrote it expects something of
// it. Keys that the embedded config sets for PPO (clip, value_clip, value_coef, lambda,
// early_stop_kl) are not among them: `--set algorithm.kind=grpo` over it is to work.
void check_unread(const AlgorithmConfig& config, const Algorithm& algorithm);

}  // namespace alarm_dist

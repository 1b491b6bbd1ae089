// SPDX-License-Identifier: Apache-2.0
// Answers of the initial policy that reward models learn to rank below the experts'.
#pragma once

#include "alarm/comm/world.hpp"
#include "alarm/reward/preference_groups.hpp"
#include "alarm/text/dataset.hpp"
#include "alarm/train/config.hpp"

namespace alarm_dist {

// For the records that make_preference_groups wants them of: plain samples at temperature 1, and
// continuations of the expert's first 2 to 4 words at temperature 0.7; at most `count` of each.
// Collective over the world.
ModelWritten sample_policy(World& world, const TrainConfig& config, const Dataset& dataset,
                           std::int64_t count, const std::string& name);

}  // namespace alarm_dist

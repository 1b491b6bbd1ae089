// SPDX-License-Identifier: Apache-2.0
// Reward models that the program trains itself, data-parallel over all ranks, before a run that
// names them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "alarm/comm/world.hpp"
#include "alarm/metrics/run_files.hpp"
#include "alarm/train/config.hpp"

namespace alarm_dist {

// Trains every reward model that the config's rewards name, whose folder is missing and for which
// there is a recipe, and says so. Throws UsageError for one that is missing without a recipe.
// Returns what was measured on each learned model. A job that was told to stop trains no further
// model: ask any_rank_told_to_stop afterwards. Collective over the world.
std::vector<RewardModelSummary> ensure_reward_models(World& world, const TrainConfig& config);

// Trains one model into its folder (complete or absent) and measures it on the test split.
// Collective over the world.
RewardModelSummary train_reward_model(World& world, const TrainConfig& config,
                                      const RewardModelRecipe& recipe);

const RewardModelRecipe* find_recipe(const TrainConfig& config,
                                     const std::string& name);  // nullptr if there is none

}  // namespace alarm_dist

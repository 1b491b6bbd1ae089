// SPDX-License-Identifier: Apache-2.0
// Whether a reward model that is there was made the way the config says it is made.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "alarm/train/config.hpp"

namespace alarm_dist {

// What decides how the model comes out, by key of the config: everything but the sizes of
// micro-batches and of the held-out set.
std::map<std::string, std::string> recipe_settings(const RewardModelRecipe& recipe);

// Empty where the folder's card agrees with the recipe; else what the user reads: folder, what
// differs, and the ways out. A card of an earlier version, which does not say, is only warned of.
std::string recipe_difference(const std::filesystem::path& dir, const RewardModelRecipe& recipe);

}  // namespace alarm_dist

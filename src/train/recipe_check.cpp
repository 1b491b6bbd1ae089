// SPDX-License-Identifier: Apache-2.0
#include "train/recipe_check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "alarm/base/log.hpp"
#include "alarm/reward/model_card.hpp"

namespace alarm_dist {

std::map<std::string, std::string> recipe_settings(const RewardModelRecipe& recipe) {
  return {{"kind", recipe.kind},
          {"trunk", recipe.trunk},
          {"data", fmt::format("{}", fmt::join(recipe.data, ","))},
          {"epochs", fmt::to_string(recipe.epochs)},
          {"batch", fmt::to_string(recipe.batch)},
          {"lr", fmt::to_string(recipe.lr)},
          {"weight_decay", fmt::to_string(recipe.weight_decay)},
          {"warmup", fmt::to_string(recipe.warmup)},
          {"max_grad_norm", fmt::to_string(recipe.max_grad_norm)},
          {"examples", fmt::to_string(recipe.examples)},
          {"frozen_layers", fmt::to_string(recipe.frozen_layers)},
          {"first", recipe.first},
          {"second", recipe.second},
          {"max_tokens", fmt::to_string(recipe.max_tokens)},
          {"document_tokens", fmt::to_string(recipe.document_tokens)},
          {"model_written", fmt::to_string(recipe.model_written)},
          {"precision", recipe.precision}};
}

std::string recipe_difference(const std::filesystem::path& dir, const RewardModelRecipe& recipe) {
  const auto made = load_reward_model_card(dir).recipe;
  if (made.empty()) {
    log::warn("{} does not say how it was trained: taken as it is, whatever reward_models.{} says",
              dir.string(), recipe.name);
    return {};
  }
  std::vector<std::string> differences;
  for (const auto& [key, wanted] : recipe_settings(recipe)) {
    const auto found = made.find(key);
    // A key that is younger than the model had no say in it.
    if (found == made.end() || found->second == wanted) continue;
    differences.push_back(fmt::format("{} was '{}', is '{}'", key, found->second, wanted));
  }
  if (differences.empty()) return {};
  return fmt::format(
      "{} was trained by another recipe than reward_models.{}: {}. Set paths.reward_models to "
      "another folder, where a new one is trained, or train this one anew: alarm-dist reward-model "
      "--name {} (with the same config)",
      dir.string(), recipe.name, fmt::join(differences, "; "), recipe.name);
}

}  // namespace alarm_dist

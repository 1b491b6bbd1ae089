// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/reward_models.hpp"

#include <algorithm>
#include <functional>

#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/train/rewards.hpp"
#include "alarm/train/stop.hpp"

#include "train/recipe_check.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;

// Names of the learned components, holistic first.
std::vector<std::pair<std::string, std::string>> learned_components(const TrainConfig& config) {
  std::vector<std::pair<std::string, std::string>> models;
  if (!config.rewards.configured) return models;
  if (config.rewards.holistic.source.kind == "model") {
    models.emplace_back("holistic", config.rewards.holistic.source.model);
  }
  for (const auto& aspect : config.rewards.aspects) {
    if (aspect.source.kind == "model") models.emplace_back(aspect.name, aspect.source.model);
  }
  return models;
}

// One rank looks, so that a folder that appears meanwhile cannot split the ranks.
bool is_missing(World& world, const fs::path& dir) {
  Bytes answer(1, static_cast<std::byte>(is_reward_model(dir) ? 0 : 1));
  return broadcast_bytes(world.communicator(), answer, 0).at(0) == std::byte{1};
}

// Rank 0 looks for what is wrong (a text, empty if nothing is); all ranks end with its word.
void check_once(World& world, const std::function<std::string()>& find_fault) {
  ByteWriter verdict;
  if (world.rank() == 0) verdict.put_string(find_fault());
  const auto bytes = broadcast_bytes(world.communicator(), verdict.take(), 0);
  const auto fault = ByteReader(bytes).get_string();
  if (!fault.empty()) throw UsageError(fault);
}

// Before a reward model is trained for hours.
std::string fault_of_decoders(const TrainConfig& config) {
  try {
    check_decoders(config);
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

// What was measured when the model was trained, if it was trained by this program.
RewardModelSummary read_summary(const std::string& component, const fs::path& dir) {
  auto measured = read_reward_models(dir);
  if (measured.empty()) return {.name = component, .kind = "brought along"};
  measured.front().name = component;
  return measured.front();
}

}  // namespace

const RewardModelRecipe* find_recipe(const TrainConfig& config, const std::string& name) {
  const auto found = std::find_if(config.reward_models.begin(), config.reward_models.end(),
                                  [&](const auto& recipe) { return recipe.name == name; });
  return found == config.reward_models.end() ? nullptr : &*found;
}

std::vector<RewardModelSummary> ensure_reward_models(World& world, const TrainConfig& config) {
  world.control().set_role("reward-model trainer");
  check_once(world, [&] { return fault_of_decoders(config); });
  std::vector<RewardModelSummary> summaries;
  for (const auto& [component, model] : learned_components(config)) {
    const fs::path dir = reward_model_path(config, model);
    const auto* recipe = find_recipe(config, model);
    if (!is_missing(world, dir)) {
      if (recipe != nullptr) check_once(world, [&] { return recipe_difference(dir, *recipe); });
    } else {
      if (recipe == nullptr) {
        throw UsageError(
            fmt::format("rewards: the reward model {} of '{}' is not there, and reward_models has "
                        "no recipe '{}'",
                        dir.string(), component, model));
      }
      if (any_rank_told_to_stop(world)) return summaries;
      log::root_info("the reward model {} is missing: training it first, on all {} ranks",
                     dir.string(), world.size());
      train_reward_model(world, config, *recipe);
    }
    summaries.push_back(read_summary(component, dir));
  }
  return summaries;
}

}  // namespace alarm_dist

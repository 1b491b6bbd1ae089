// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <CLI/CLI.hpp>

#include "alarm/base/error.hpp"
#include "alarm/train/reward_models.hpp"

#include "app/commands.hpp"
#include "app/load_config.hpp"

namespace alarm_dist {
namespace {

struct RewardModelOptions {
  ConfigOptions config;
  std::string name;
};

void run_reward_model(Session& session, const RewardModelOptions& options) {
  World& world =
      session.world({.collective_timeout_s = load_config(options.config).run.collective_timeout_s});
  const TrainConfig config = load_config(world, options.config);
  if (options.name.empty()) {
    ensure_reward_models(world, config);
    return;
  }
  const auto* recipe = find_recipe(config, options.name);
  if (recipe == nullptr)
    throw UsageError(fmt::format("reward_models has no recipe '{}'", options.name));
  train_reward_model(world, config, *recipe);
}

}  // namespace

void add_reward_model(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<RewardModelOptions>();
  auto* command = app.add_subcommand(
      "reward-model", "Train the reward models of a config that are missing, or one by name");
  add_config_options(*command, options->config);
  command->add_option("--name", options->name,
                      "Train this recipe, whether its folder is there or not");
  command->callback(
      [=, &chosen] { chosen = [=](Session& session) { run_reward_model(session, *options); }; });
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "app/dry_run.hpp"

#include <cstdio>
#include <filesystem>

#include "alarm/base/error.hpp"
#include "alarm/train/rewards.hpp"

namespace alarm_dist {
namespace {

void print_file(const char* what, const std::string& path) {
  const bool there = std::filesystem::exists(path);
  std::printf("  %-12s %s%s\n", what, path.c_str(), there ? "" : "  (missing)");
  if (!there) throw UsageError(fmt::format("{}: {} is not there", what, path));
}

void print_reward_model(const TrainConfig& config, const std::string& component,
                        const SourceConfig& source) {
  if (source.kind != "model") {
    std::printf("  %-12s %s\n", component.c_str(), source.kind.c_str());
    return;
  }
  const auto path = reward_model_path(config, source.model);
  std::printf("  %-12s %s%s\n", component.c_str(), path.c_str(),
              std::filesystem::exists(path) ? "" : "  (will be trained first)");
}

}  // namespace

void print_dry_run(const TrainConfig& config) {
  const auto& p = config.placement;
  const int world = p.colocated() ? 1 : static_cast<int>(p.rollout + p.reward + p.learner);
  check_config(config, world);
  const auto& rollout = config.rollout;
  std::printf("run %s: %lld steps, seed %lld\n", config.run.name.c_str(),
              static_cast<long long>(config.run.steps), static_cast<long long>(config.run.seed));
  std::printf(
      "a step: %lld prompts x %lld samples in %lld groups; %lld mini-batches of %lld, %lld "
      "epochs\n",
      static_cast<long long>(rollout.prompts()), static_cast<long long>(rollout.samples_per_prompt),
      static_cast<long long>(rollout.groups()),
      static_cast<long long>((rollout.batch + config.algorithm.minibatch - 1) /
                             config.algorithm.minibatch),
      static_cast<long long>(config.algorithm.minibatch),
      static_cast<long long>(config.algorithm.epochs));
  if (p.colocated()) {
    std::printf("placement: colocated, any number of ranks (more than %lld would wait for work)\n",
                static_cast<long long>(rollout.groups()));
  } else {
    std::printf("placement: %lld rollout + %lld reward + %lld learner = %d ranks\n",
                static_cast<long long>(p.rollout), static_cast<long long>(p.reward),
                static_cast<long long>(p.learner), world);
  }
  print_file("policy", config.policy.model);
  print_file("train", config.task.train);
  print_file("validation", config.task.validation);
  print_file("test", config.task.test);
  print_reward_model(config, "holistic", config.rewards.holistic.source);
  for (const auto& aspect : config.rewards.aspects)
    print_reward_model(config, aspect.name, aspect.source);
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "app/dry_run.hpp"

#include <cstdio>
#include <filesystem>

#include "alarm/base/error.hpp"
#include "alarm/train/memory_plan.hpp"
#include "alarm/train/placement.hpp"
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

void print_reward_models(const TrainConfig& config) {
  if (!config.rewards.configured) return;
  print_reward_model(config, "holistic", config.rewards.holistic.source);
  for (const auto& aspect : config.rewards.aspects)
    print_reward_model(config, aspect.name, aspect.source);
}

double gib(double bytes) { return bytes / (1ULL << 30); }

void print_rank_memory(std::string_view role, const RankMemory& rank) {
  std::printf(
      "  a %-13s %6.2f GiB of its own: program %.2f, prepared products %.2f, trained %.2f, critic "
      "%.2f, reward models %.2f, the largest phase %.2f\n",
      std::string(role).c_str(), gib(rank.total()), gib(rank.program), gib(rank.prepared),
      gib(rank.trained), gib(rank.critic), gib(rank.encoders), gib(rank.step()));
  std::printf("%25s phases: update %.2f (%lld rows at once), generation %.2f, scoring %.2f", "",
              gib(rank.update), static_cast<long long>(rank.update_rows), gib(rank.generation),
              gib(rank.scoring));
  if (rank.reward_model_training > 0)
    std::printf("; before them, training reward models: %.2f", gib(rank.reward_model_training));
  std::printf("\n");
}

void print_memory(const TrainConfig& config, int world) {
  const auto facts = measure_memory_facts(config);
  const auto plan = plan_memory(config, facts, world);
  std::printf("memory, predicted%s:\n",
              config.policy.device == "cuda" ? " (on a GPU a rank has the shared part, too)" : "");
  std::printf("  a node's ranks share %6.2f GiB: weights and libraries\n", gib(plan.shared));
  Role last = Role::kColocated;
  for (int rank = 0; rank < world; ++rank) {
    const auto role = Placement(config.placement, rank, world).role();
    if (rank > 0 && role == last) continue;
    last = role;
    print_rank_memory(to_string(role), plan.ranks[static_cast<std::size_t>(rank)]);
  }
  if (!config.placement.colocated()) {
    std::printf("  all %d ranks on one node %.2f GiB\n", world, gib(plan.node()));
    return;
  }
  std::printf("  a node of N ranks:");
  for (const int ranks : {1, 2, 4, 8, 16})
    std::printf("  %d: %.2f GiB", ranks, gib(plan_memory(config, facts, ranks).node()));
  std::printf("\n");
}

}  // namespace

void print_dry_run(const TrainConfig& config) {
  const auto& p = config.placement;
  const int world = p.colocated() ? 1 : static_cast<int>(p.rollout + p.reward + p.learner);
  check_whole_config(config, world);
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
  if (!config.policy.adapter.empty()) print_file("adapter", config.policy.adapter);
  if (!config.algorithm.critic.model.empty()) print_file("critic", config.algorithm.critic.model);
  print_file("train", config.task.train);
  print_file("validation", config.task.validation);
  print_file("test", config.task.test);
  print_reward_models(config);
  std::fflush(stdout);  // what follows takes a moment
  check_decoders(config);
  print_memory(config, world);
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "train/components.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

constexpr const char* kHolistic = "holistic";

void require(bool condition, const std::string& message) {
  if (!condition) throw UsageError("algorithm.fine_grained" + message);
}

std::vector<std::string> names_of(const ComposeConfig& compose) {
  std::vector<std::string> names;
  if (compose.kind != Composition::kAspectOnly) names.emplace_back(kHolistic);
  if (compose.kind != Composition::kHolisticOnly)
    names.insert(names.end(), compose.use.begin(), compose.use.end());
  return names;
}

void check_component(const ComponentConfig& component, const std::vector<std::string>& names,
                     const TrainConfig& config) {
  const auto& fine_grained = config.algorithm.fine_grained;
  require(std::ranges::find(names, component.name) != names.end(),
          fmt::format(".components: '{}' is not part of the composition; expected one of {}",
                      component.name, fmt::join(names, ", ")));
  require(
      fine_grained.values == ComponentValues::kEach || (!component.gamma && !component.lambda),
      fmt::format(".components.{}: gamma and lambda belong to a value of its own: set values: each",
                  component.name));
  require(
      !component.kl || resolve_algorithm(config.algorithm).kl_placement == KlPlacement::kReward,
      fmt::format(".components.{}.kl: the KL term is not in the reward (algorithm.kl.placement)",
                  component.name));
}

ComponentTerm term_of(const std::string& name, const AlgorithmConfig& config) {
  const auto& listed = config.fine_grained.components;
  const auto found = std::ranges::find(listed, name, &ComponentConfig::name);
  const ComponentConfig said = found == listed.end() ? ComponentConfig{} : *found;
  return {.weight = said.weight,
          .kl = said.kl,
          .gamma = said.gamma.value_or(config.gamma),
          .lambda = said.lambda.value_or(config.lambda)};
}

}  // namespace

Components resolve_components(const TrainConfig& config) {
  const auto& fine_grained = config.algorithm.fine_grained;
  if (fine_grained.values == ComponentValues::kShared && fine_grained.components.empty()) return {};
  require(resolve_algorithm(config.algorithm).advantage == AdvantageKind::kGae,
          fmt::format(": components are judged by GAE, which {} does not use: choose kind ppo",
                      config.algorithm.kind));
  const bool each = fine_grained.values == ComponentValues::kEach;
  require(!each || !config.algorithm.whiten_rewards,
          ".values: with a value for each component (each) there is no sum of rewards for "
          "algorithm.whiten_rewards to divide");
  Components result{.names = names_of(config.rewards.compose), .terms = {}, .valued_each = each};
  for (const auto& component : fine_grained.components)
    check_component(component, result.names, config);
  for (const auto& name : result.names) result.terms.push_back(term_of(name, config.algorithm));
  return result;
}

at::Tensor component_rewards(const ComposedReward& reward, const Components& components) {
  const auto tokens = static_cast<std::int64_t>(reward.rewards.size());
  at::Tensor rewards_TC = at::zeros({tokens, std::ssize(components.names)}, at::kDouble);
  for (const auto& [name, values] : reward.by_component) {
    const auto found = std::ranges::find(components.names, name);
    const auto column = found == components.names.end() ? 0 : found - components.names.begin();
    rewards_TC.select(1, column).add_(at::tensor(values, at::kDouble));
  }
  const at::Tensor given_T = at::tensor(reward.rewards, at::kDouble);
  const double scale = std::max(1.0, given_T.abs().max().item<double>());
  const double gap = (rewards_TC.sum(1) - given_T).abs().max().item<double>();
  // A reward that is not finite is found and named by the learner.
  ALARM_CHECK(!(gap > 1e-9 * scale) || !std::isfinite(scale),
              "components differ from the composed reward by {}", gap);
  return rewards_TC;
}

}  // namespace alarm_dist

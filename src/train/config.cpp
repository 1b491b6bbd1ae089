// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/config.hpp"

#include <algorithm>

#include "alarm/base/error.hpp"
#include "alarm/train/placement.hpp"

namespace alarm_dist {
namespace {

void require(bool condition, const std::string& message) {
  if (!condition) throw UsageError(message);
}

void check_rollout(const RolloutConfig& rollout) {
  require(rollout.batch % rollout.samples_per_prompt == 0,
          fmt::format("rollout.batch: {} samples are not a multiple of samples_per_prompt, {}: nearest is {}", rollout.batch,
                      rollout.samples_per_prompt,
                      std::max<std::int64_t>(1, rollout.batch / rollout.samples_per_prompt) * rollout.samples_per_prompt));
  require(rollout.group_size % rollout.samples_per_prompt == 0,
          fmt::format("rollout.group_size: {} samples are not a multiple of samples_per_prompt, {}", rollout.group_size,
                      rollout.samples_per_prompt));
}

void check_rewards(const RewardsConfig& rewards) {
  for (const auto& name : rewards.compose.use) {
    const bool known = std::any_of(rewards.aspects.begin(), rewards.aspects.end(),
                                   [&](const auto& aspect) { return aspect.name == name; });
    require(known, fmt::format("rewards.compose.use: '{}' is not one of rewards.aspects", name));
  }
  const bool needs_aspect = rewards.compose.kind == Composition::kAspectOnly;
  require(!needs_aspect || !rewards.compose.use.empty(), "rewards.compose: aspect_only, but `use` names no aspect");
  for (const auto& aspect : rewards.aspects) {
    require(aspect.name != "holistic", "rewards.aspects: the name 'holistic' is taken by the holistic reward");
  }
}

}  // namespace

void check_config(const TrainConfig& config, int world_size) {
  check_rollout(config.rollout);
  check_rewards(config.rewards);
  Placement(config.placement, 0, world_size);
  require(config.algorithm.minibatch <= config.rollout.batch,
          fmt::format("algorithm.minibatch: {} samples, but a step has only rollout.batch = {}", config.algorithm.minibatch,
                      config.rollout.batch));
  require(config.rollout.sampling.temperature > 0,
          "rollout.temperature: 0 is greedy decoding, from which nothing can be learned");
}

at::ScalarType parse_precision(const std::string& precision, c10::Device device) {
  if (precision == "auto") return native_dtype(device);
  if (precision == "float32") return at::kFloat;
  if (precision == "bfloat16") return at::kBFloat16;
  if (precision == "float64") return at::kDouble;
  throw UsageError(fmt::format("precision '{}': expected auto, float32, bfloat16 or float64", precision));
}

}  // namespace alarm_dist

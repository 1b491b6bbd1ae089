// SPDX-License-Identifier: Apache-2.0
// The rewards section of a config made alive: its sources, their measured statistics, and the
// composition.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "alarm/reward/composer.hpp"
#include "alarm/reward/panel.hpp"
#include "alarm/train/config.hpp"
#include "alarm/train/rollout.hpp"

namespace alarm_dist {

// A folder as it is given, or one of that name under paths.reward_models.
std::filesystem::path reward_model_path(const TrainConfig& config, const std::string& model);

// Throws UsageError when a reward model that is a decoder does not fit what the config says of it:
// its template, length, label. Its weights are mapped, not read.
void check_decoders(const TrainConfig& config);

// All sources the config names, used by the composition or only watched; null where it has no
// rewards.
std::unique_ptr<RewardPanel> make_panel(const TrainConfig& config, c10::Device device);

// Measured on scored responses of the initial policy: one entry a component with `normalize:
// measured`.
std::map<std::string, Statistics> measure_normalization(const TrainConfig& config,
                                                        std::span<const Rollout> rollouts);

// compose() with the config's settings, and the values of all components for the logs. Of a config
// without rewards every response has 0.
class Composer {
 public:
  Composer(const TrainConfig& config, const std::map<std::string, Statistics>& normalization);

  ComposedReward operator()(const Rollout& rollout) const;
  bool has_rewards() const { return has_rewards_; }
  const ComposerConfig& config() const { return config_; }
  // Mean raw value of a component over its emissions on this response; 0 when it emits nothing. The
  // holistic one is normalised.
  double value(const Rollout& rollout, const std::string& component) const;
  const std::vector<std::string>& aspects() const { return aspects_; }  // all that are measured
  bool in_use(const std::string& aspect) const;

 private:
  bool has_rewards_;
  ComposerConfig config_;
  std::vector<std::string> aspects_;
};

}  // namespace alarm_dist

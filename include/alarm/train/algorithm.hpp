// SPDX-License-Identifier: Apache-2.0
// What an algorithm is here: a choice of advantage, policy loss, aggregation and place of the KL
// term; or a loss of preferences between the samples of a prompt; or of an expert's answers; or of
// Q-values. A name (`algorithm.kind`) is a preset of these choices, and a config may override each;
// what cannot go together is refused before anything is trained.
//
// Sources: specs/related-systems.md section 11; docs/method.md has the table of presets.
#pragma once

#include <string>
#include <vector>

#include "alarm/train/algorithm_config.hpp"

namespace alarm_dist {

// Every choice made.
struct Algorithm {
  AdvantageKind advantage = AdvantageKind::kGae;
  PolicyLossKind loss = PolicyLossKind::kToken;
  Aggregation aggregation = Aggregation::kTokenMean;
  KlPlacement kl_placement = KlPlacement::kReward;
  KlEstimator kl_estimator = KlEstimator::kK1;
  WhitenScope whiten = WhitenScope::kGlobal;
  PolicyClip clip = {};
  bool dynamic_sampling = false;
  StepData data = StepData::kRollouts;
  ReferenceConfig reference = {};  // kind set
  double preference_beta = 0.1;
  FirstSample first_sample = FirstSample::kSampled;
  bool own_critic = false;             // the critic is a model of its own
  KlLevel kl_level = KlLevel::kToken;  // of a KL term in the loss

  bool has_critic() const { return advantage == AdvantageKind::kGae || learns_q(); }
  bool learns_q() const { return loss == PolicyLossKind::kSoftQ; }  // by critic and policy: ETPO
  bool learns_preferences() const;  // from the best and the worst sample of a prompt
  bool learns_policy_gradient() const { return advantage != AdvantageKind::kNone; }
  bool compares_samples() const;  // of a prompt, by their rewards: needs two or more of each
};

// "ppo", "grpo", ...: what algorithm.kind may be.
const std::vector<std::string>& algorithm_names();

// Throws UsageError that gives the reason when the overrides do not go together.
Algorithm resolve_algorithm(const AlgorithmConfig& config);

// Throws UsageError when kl.coef is another than that of the config which this one is laid over,
// and the algorithm has no KL term that it could be of.
void check_kl_is_read(const AlgorithmConfig& config, const AlgorithmConfig& below);

}  // namespace alarm_dist

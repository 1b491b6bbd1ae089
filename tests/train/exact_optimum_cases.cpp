// SPDX-License-Identifier: Apache-2.0
#include "train/exact_optimum_cases.hpp"

namespace alarm_dist::testing {

AlgorithmConfig algorithm_of(const std::string& kind) {
  AlgorithmConfig config;
  config.kind = kind;
  config.kl.coef = kBeta;
  if (kind == "etpo") config.critic.target_decay = 0.95;  // of 600 steps
  return config;
}

namespace {

OptimumCase preset(const std::string& kind, bool exact = false) {
  return {kind, algorithm_of(kind), exact};
}

// Advantages of deviation 1 beside a penalty that grows like a logarithm: below a coefficient of
// about 1 the quotient by a shrinking deviation outgrows it, and the policy collapses.
constexpr double kInDeviations = 1.5;

OptimumCase with_kl_loss(const std::string& kind, KlEstimator estimator, double coefficient) {
  OptimumCase result = preset(kind);
  result.name += estimator == KlEstimator::kK2 ? " + k2" : " + k3";
  result.algorithm.kl_placement = KlPlacement::kLoss;
  result.algorithm.kl_estimator = estimator;
  result.algorithm.kl.coef = coefficient;
  return result;
}

// The KL term where its gradient sees what a token does to those after it.
OptimumCase with_kl_reward(const std::string& kind) {
  OptimumCase result = preset(kind, true);
  result.name += " + k1 reward";
  result.algorithm.kl_placement = KlPlacement::kReward;
  result.algorithm.kl_estimator = KlEstimator::kK1;
  return result;
}

// The other place where it does.
OptimumCase with_response_kl(const std::string& kind) {
  OptimumCase result = preset(kind, true);
  result.name += " + k2 of responses";
  result.algorithm.kl_level = KlLevel::kResponse;
  return result;
}

// Each component with a value of its own, the KL term in one of them.
OptimumCase with_values_for_each(const std::string& kind) {
  OptimumCase result = preset(kind, true);
  result.name += " + values for each";
  result.algorithm.fine_grained = {
      .values = ComponentValues::kEach,
      .components = {{.name = "holistic", .kl = 0}, {.name = kAspect, .kl = 1}}};
  return result;
}

}  // namespace

std::vector<OptimumCase> optimum_cases() {
  constexpr auto kK2 = KlEstimator::kK2, kK3 = KlEstimator::kK3;
  return {preset("ppo", true),
          with_values_for_each("ppo"),
          preset("rloo", true),
          preset("reinforce++", true),
          preset("etpo", true),
          with_kl_reward("dr_grpo"),
          with_response_kl("dr_grpo"),
          preset("dr_grpo"),
          with_kl_loss("dr_grpo", kK3, kBeta),
          with_kl_loss("reinforce++-baseline", kK2, kInDeviations),
          preset("grpo"),
          with_kl_loss("grpo", kK2, kInDeviations),
          with_kl_loss("dapo", kK2, kInDeviations),
          with_kl_loss("gspo", kK2, kInDeviations),
          with_kl_loss("cispo", kK2, kInDeviations),
          preset("dapo"),
          preset("gspo"),
          preset("cispo")};
}

}  // namespace alarm_dist::testing

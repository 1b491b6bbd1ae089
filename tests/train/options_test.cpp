// SPDX-License-Identifier: Apache-2.0
// Named options of an algorithm: what a learner computes changes as their formulas say.
#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "alarm/comm/world.hpp"

#include "train/learner_preferences.hpp"
#include "train/tiny_learner.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using Change = std::function<void(AlgorithmConfig&)>;

// One mini-batch, once, without a KL term: the gradient is linear in the advantages.
TrainConfig one_minibatch(const std::string& kind, const Change& change) {
  auto config = make_config(100000);
  config.algorithm.kind = kind;
  config.algorithm.value_trains_trunk = false;
  config.algorithm.minibatch = 15;
  config.algorithm.epochs = 1;
  config.algorithm.kl.coef = 0;
  config.algorithm.kl.target = 0;
  change(config.algorithm);
  return config;
}

std::map<std::string, double> metrics_of(const std::string& kind, const Change& change = {},
                                         const std::function<void(CausalLm&)>& prepare = {}) {
  std::map<std::string, double> metrics;
  const auto config = one_minibatch(
      kind, change ? change : [](AlgorithmConfig&) {});
  run_thread_world(
      1, [&](World& world) { metrics = update(world.communicator(), config, prepare).metrics; });
  return metrics;
}

double gradient_of(const std::string& kind, const Change& change = {},
                   const std::function<void(CausalLm&)>& prepare = {}) {
  return metrics_of(kind, change, prepare).at("grad_norm");
}

// Of the responses' rewards, each counted as often as given.
double unbiased_variance(const std::function<std::int64_t(const Rollout&)>& times) {
  const auto rollouts = make_rollouts(256);
  const auto rewards = make_rewards(rollouts);
  std::vector<double> values;
  for (std::size_t i = 0; i < rollouts.size(); ++i)
    values.insert(values.end(), static_cast<std::size_t>(times(rollouts[i])), rewards[i].total());
  return at::tensor(values, at::kDouble).var(/*unbiased=*/true).item<double>();
}

TEST(Options, WhitenEpsilonIsAddedToTheVarianceOfTheAdvantages) {
  // A token's reward-to-go is its response's reward.
  const double variance = unbiased_variance([](const Rollout& r) { return r.tokens(); });
  const auto with = [](double epsilon) {
    return gradient_of("reinforce++", [&](auto& c) { c.whiten_epsilon = epsilon; });
  };

  for (const double epsilon : {0.5, 3.0}) {
    EXPECT_NEAR(with(epsilon) / with(1e-8), std::sqrt((variance + 1e-8) / (variance + epsilon)),
                1e-9);
  }
}

TEST(Options, BatchNormalizedDividesByTheDeviationOfAllRewards) {
  const double deviation = std::sqrt(unbiased_variance([](const Rollout&) { return 1; }));
  const double centred =
      gradient_of("grpo", [](auto& c) { c.advantage = AdvantageKind::kGroupCentred; });

  for (const double epsilon : {1e-4, 0.5}) {
    const double scaled = gradient_of("grpo", [&](auto& c) {
      c.advantage = AdvantageKind::kBatchNormalized;
      c.group_epsilon = epsilon;
    });
    EXPECT_NEAR(scaled / centred, 1 / (deviation + epsilon), 1e-9);
  }
}

TEST(Options, NormalizedImportanceWeightsHaveMeanOne) {
  const auto with = [](bool normalize) {
    return metrics_of("reinforce++", [&](auto& c) {
      c.correction = {.kind = CorrectionKind::kTruncated, .high = 1.1, .normalize = normalize};
    });
  };
  const auto plain = with(false), normalized = with(true);

  ASSERT_GT(std::abs(plain.at("correction/mean_weight") - 1), 0.01);
  EXPECT_NEAR(normalized.at("correction/mean_weight"), 1, 1e-12);
  EXPECT_NEAR(normalized.at("grad_norm") * plain.at("correction/mean_weight"),
              plain.at("grad_norm"), 1e-9 * plain.at("grad_norm"));
}

// A policy that has left its reference, so that the divergence has a gradient.
void leave_the_reference(CausalLm& policy) {
  const at::NoGradGuard no_grad;
  for (auto& [name, tensor] : policy.trainable())
    tensor.copy_(at::linspace(-0.2, 0.3, tensor.numel(), tensor.options()).view_as(tensor));
}

// All of the gradient is the divergence's: what the advantages add is taken away by a coefficient
// beside which it is nothing.
double kl_gradient(KlEstimator estimator, KlLossGradient gradient, double cap = 10) {
  constexpr double kCoefficient = 1e12;
  return gradient_of(
             "grpo",
             [&](auto& c) {
               c.kl.coef = kCoefficient;
               c.kl_estimator = estimator;
               c.kl_gradient = gradient;
               c.kl_ratio_cap = cap;
             },
             leave_the_reference) /
         kCoefficient;
}

// At ratio 1: k1 + 1 and k3 with the ratio differentiated are d times the score plus, for k1, the
// score itself; the others put k2's gradient, d times the score, under any estimate.
TEST(Options, KlGradientsAreThoseOfTheDivergence) {
  const double right = kl_gradient(KlEstimator::kK2, KlLossGradient::kOwn);
  ASSERT_GT(right, 1e-3);
  ASSERT_GT(std::abs(kl_gradient(KlEstimator::kK3, KlLossGradient::kOwn) / right - 1), 1e-3);

  EXPECT_NEAR(kl_gradient(KlEstimator::kK3, KlLossGradient::kRatio) / right, 1, 1e-8);
  for (const auto estimator : {KlEstimator::kK1, KlEstimator::kK3}) {
    EXPECT_NEAR(kl_gradient(estimator, KlLossGradient::kStraightThrough) / right, 1, 1e-8);
    EXPECT_NEAR(kl_gradient(estimator, KlLossGradient::kRatioWeighted) / right, 1, 1e-8);
  }
  EXPECT_NEAR(kl_gradient(KlEstimator::kK3, KlLossGradient::kRatioWeighted, 0.25) / right, 0.25,
              1e-8);
}

// A pair: a response of three tokens was chosen before one of two.
struct Pair {
  std::vector<Rollout> rollouts = std::vector<Rollout>(2);
  std::vector<ComposedReward> rewards = std::vector<ComposedReward>(2);
  at::Tensor policy_T = at::tensor({-1.0, -0.5, -2.0, -0.25, -3.0}, at::kDouble);
  at::Tensor reference_T = at::tensor({-1.5, -0.75, -1.0, -1.0, -1.0}, at::kDouble);
  double chosen = -0.25, rejected = -1.25;  // sums of the differences

  Pair() {
    rollouts[0].response = {1, 2, 3};
    rollouts[1].response = {4, 5};
    for (std::size_t i = 0; i < 2; ++i) {
      rewards[i].rewards.assign(rollouts[i].response.size(), 0.0);
      rollouts[i].policy_logprobs.assign(rollouts[i].response.size(), 0.0F);
    }
  }
  double loss(const std::string& kind, const PreferenceConfig& preference) const {
    StepBatch batch(rollouts, rewards);
    batch.preferences = {{.chosen = true}, {.rejected = true}};
    AlgorithmConfig config{.kind = kind, .preference = preference};
    UpdateProgress progress;
    MiniBatchWeights weights;
    weights.prompts = weights.pairs = 1;
    return preference_loss(resolve_algorithm(config), preference,
                           {.batch = batch,
                            .micro = {{.samples = {0, 1}}},
                            .policy_T = policy_T,
                            .reference_T = reference_T,
                            .offsets = batch.offsets},
                           weights, progress)
        .item<double>();
  }
};

TEST(Options, IpoTakesTheSumOrTheMeanOfAResponse) {
  const Pair pair;
  const double half = 1 / (2 * 0.1);

  EXPECT_NEAR(pair.loss("ipo", {}), std::pow(pair.chosen - pair.rejected - half, 2), 1e-12);
  EXPECT_NEAR(pair.loss("ipo", {.scale = LogprobScale::kMean}),
              std::pow(pair.chosen / 3 - pair.rejected / 2 - half, 2), 1e-12);
}

TEST(Options, RobustDpoTakesTheBiasOfTheNoiseOut) {
  const Pair pair;
  const double e = 0.2, margin = 0.1 * (pair.chosen - pair.rejected);
  const double right = std::log1p(std::exp(-margin)), wrong = std::log1p(std::exp(margin));

  EXPECT_NEAR(pair.loss("dpo", {.label_smoothing = e}), (1 - e) * right + e * wrong, 1e-12);
  EXPECT_NEAR(pair.loss("dpo", {.label_smoothing = e, .noise = LabelNoise::kRobust}),
              ((1 - e) * right - e * wrong) / (1 - 2 * e), 1e-12);
}

}  // namespace
}  // namespace alarm_dist

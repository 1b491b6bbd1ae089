// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/preference.hpp"

#include "alarm/base/error.hpp"

#include "rl/numbers.hpp"

namespace alarm_dist::testing {
namespace {

double minus_log_sigmoid(double x) { return std::log1p(std::exp(-x)); }

ResponseLogprobs responses(const at::Tensor& sums_R, const std::vector<double>& tokens) {
  return {sums_R, numbers(tokens)};
}

// The pair of specs 5: log policy -10 and -12, log reference -11 and -11.5; 5 and 4 tokens.
class OnePair : public ::testing::Test {
 protected:
  const at::Tensor chosen_P = variable({-10});
  const at::Tensor rejected_P = variable({-12});
  const PairLogprobs policy = {responses(chosen_P, {5}), responses(rejected_P, {4})};
  const PairLogprobs reference = {responses(numbers({-11}), {5}), responses(numbers({-11.5}), {4})};
  static constexpr double kMargin = 1.5;
};

TEST_F(OnePair, DpoReproducesTheGoldenNumber) {
  const auto loss = dpo_loss(policy, reference, {.beta = .01});
  loss.losses_P.sum().backward();

  EXPECT_NEAR(scalar(loss.losses_P), 0.6856753052962774, kTolerance);
  const double slope = .01 / (1 + std::exp(.01 * kMargin));
  expect_near(chosen_P.grad(), {-slope});
  expect_near(rejected_P.grad(), {slope});
  expect_near(loss.chosen_rewards_P, {.01});
  expect_near(loss.rejected_rewards_P, {-.005});
  EXPECT_EQ(count_ranked(loss), 1);
}

// specs 5: y_s with log policy -9 and log reference -9.5.
TEST_F(OnePair, SelmReproducesTheGoldenNumber) {
  const auto sampled_P = variable({-9});
  const SelmConfig config{.beta = .01, .alpha = .001};

  const auto loss =
      dpo_loss(policy, reference, {.beta = .01}).losses_P +
      selm_optimism(responses(sampled_P, {3}), responses(numbers({-9.5}), {3}), config);
  loss.sum().backward();

  EXPECT_NEAR(scalar(loss), 0.6856803052962774, kTolerance);
  expect_near(sampled_P.grad(), {1e-5});
}

// The sampled response may be the chosen one: the contributions add.
TEST_F(OnePair, SelmAddsUpOnOneResponse) {
  const SelmConfig config{.beta = .1, .alpha = .5};

  (dpo_loss(policy, reference, {.beta = .1}).losses_P +
   selm_optimism(policy.chosen, reference.chosen, config))
      .sum()
      .backward();

  expect_near(chosen_P.grad(), {-.1 / (1 + std::exp(.15)) + .05});
}

// specs 3: the policy part of HAF-RM with margin 1.5, beta 0.1.
TEST_F(OnePair, DpoIsThePolicyPartOfTwoHeadedRewardModels) {
  const double reward_part = minus_log_sigmoid(1.2 - .4);

  EXPECT_NEAR(reward_part + .2 * scalar(dpo_loss(policy, reference, {.beta = .1}).losses_P),
              0.49529207550568416, kTolerance);
}

TEST_F(OnePair, CdpoBelievesTheLabelInPart) {
  const auto loss = dpo_loss(policy, reference, {.beta = .1, .label_smoothing = .2}).losses_P;

  EXPECT_NEAR(scalar(loss), .8 * minus_log_sigmoid(.15) + .2 * minus_log_sigmoid(-.15), kTolerance);
}

// Minimal where the implied probability is the label's: beta * margin = log(.8 / .2).
TEST_F(OnePair, CdpoHasItsMinimumAtTheLabelsProbability) {
  const DpoConfig config{.beta = std::log(4) / kMargin, .label_smoothing = .2};

  dpo_loss(policy, reference, config).losses_P.sum().backward();

  expect_near(chosen_P.grad(), {0});
}

TEST_F(OnePair, RobustDpoIsUnbiasedUnderFlippedLabels) {
  const DpoConfig config{.beta = .1, .label_smoothing = .2, .noise = LabelNoise::kRobust};
  const PairLogprobs flipped_policy = {policy.rejected, policy.chosen};
  const PairLogprobs flipped_reference = {reference.rejected, reference.chosen};

  const double as_labelled = scalar(dpo_loss(policy, reference, config).losses_P);
  const double flipped = scalar(dpo_loss(flipped_policy, flipped_reference, config).losses_P);

  EXPECT_NEAR(.8 * as_labelled + .2 * flipped, minus_log_sigmoid(.15), kTolerance);
}

TEST_F(OnePair, IpoIsASquare) {
  const auto sums = ipo_loss(policy, reference, {.beta = .1});
  const auto means = ipo_loss(policy, reference, {.beta = .1, .scale = LogprobScale::kMean});
  sums.losses_P.sum().backward();

  EXPECT_NEAR(scalar(sums.losses_P), (kMargin - 5) * (kMargin - 5), kTolerance);
  expect_near(chosen_P.grad(), {2 * (kMargin - 5)});
  const double mean_margin = 1. / 5 + .5 / 4;
  EXPECT_NEAR(scalar(means.losses_P), (mean_margin - 5) * (mean_margin - 5), kTolerance);
}

TEST_F(OnePair, SimpoComparesMeansAndNeedsNoReference) {
  const auto loss = simpo_loss(policy, {.beta = 2, .margin = .5});
  loss.losses_P.sum().backward();

  const double logit = 2 * (-10. / 5 + 12. / 4) - .5;
  EXPECT_NEAR(scalar(loss.losses_P), minus_log_sigmoid(logit), kTolerance);
  expect_near(chosen_P.grad(), {-2. / 5 / (1 + std::exp(logit))});
  expect_near(loss.chosen_rewards_P, {-4});
  expect_near(loss.rejected_rewards_P, {-6});
}

TEST_F(OnePair, ImpossibleSettingsAreRefused) {
  EXPECT_THROW(dpo_loss(policy, reference, {.beta = 0}), Error);
  EXPECT_THROW(dpo_loss(policy, reference, {.label_smoothing = .5}), Error);
  const auto two = responses(numbers({-1, -2}), {1, 1});
  EXPECT_THROW(dpo_loss({policy.chosen, two}, reference, {}), Error);
  EXPECT_THROW(ipo_loss(policy, {two, two}, {}), Error);
  EXPECT_THROW(simpo_loss({two, policy.rejected}, {}), Error);
}

// By hand: log ratios 1 and -.5, baseline .2.
TEST(Kto, WeighsGainsAndLosses) {
  const auto sums_R = variable({-10, -12});
  const auto policy = responses(sums_R, {5, 4});
  const auto reference = responses(numbers({-11, -11.5}), {5, 4});
  const KtoConfig config{.beta = .1, .desirable_weight = 1.5, .undesirable_weight = .5};

  const auto loss = kto_loss(policy, reference, numbers({1, 0}).to(at::kBool), .2, config);
  loss.losses_R.sum().backward();

  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const double good = sigmoid(.08);
  const double bad = sigmoid(.07);
  expect_near(loss.losses_R, {1.5 * (1 - good), .5 * (1 - bad)});
  expect_near(sums_R.grad(), {-1.5 * .1 * good * (1 - good), .5 * .1 * bad * (1 - bad)});
  expect_near(loss.rewards_R, {.1, -.05});
}

TEST(Kto, BaselineIsADivergence) {
  EXPECT_EQ(kto_baseline(6, 4), 1.5);
  EXPECT_EQ(kto_baseline(-6, 4), 0);
  EXPECT_EQ(kto_baseline(0, 0), 0);
}

TEST(Kto, RefusesRowsThatDoNotFit) {
  const auto one = responses(numbers({-1}), {1});

  EXPECT_THROW(kto_loss(one, one, numbers({1, 0}).to(at::kBool), 0, {}), Error);
}

TEST(ResponseLogprobs, AreSumsAndMeansOfRaggedRows) {
  const std::vector<std::int64_t> offsets = {0, 1, 1, 3};
  const auto logprobs_T = variable({-1, -2, -4});

  const auto rows = response_logprobs(logprobs_T, offsets);
  rows.means_R().sum().backward();

  expect_near(rows.sums_R, {-1, 0, -6});
  expect_near(rows.means_R(), {-1, 0, -3});
  expect_near(logprobs_T.grad(), {1, .5, .5});
}

}  // namespace
}  // namespace alarm_dist::testing

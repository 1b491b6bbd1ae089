// SPDX-License-Identifier: Apache-2.0
// Hand-worked cases and the golden numbers of specs/related-systems.md 11.3 to 11.6.
#include "alarm/rl/ppo.hpp"

#include "alarm/base/error.hpp"

#include "rl/numbers.hpp"

namespace alarm_dist::testing {
namespace {

const std::vector<double> kRewards = {.1, -.2, 0, 1};
const std::vector<double> kValues = {.5, .4, .3, .2};
const std::vector<std::int64_t> kOne = {0, 4};

TEST(Gae, ReproducesTheGoldenNumbers) {
  const auto half = gae(numbers(kRewards), numbers(kValues), kOne, 1, .95);
  expect_near(half.advantages_T, {.31065, .327, .66, .8});
  expect_near(half.returns_T, {.81065, .727, .96, 1.0});

  expect_near(gae(numbers(kRewards), numbers(kValues), kOne, 1, 1).advantages_T, {.4, .4, .7, .8});
  expect_near(gae(numbers(kRewards), numbers(kValues), kOne, 1, 0).advantages_T, {0, -.3, -.1, .8});
}

TEST(Gae, EndsEachResponseAfterItsLastToken) {
  const std::vector<std::int64_t> offsets = {0, 1, 1, 4};

  const auto result = gae(numbers({5, .1, -.2, 1}), numbers({1, .5, .4, .3}), offsets, .9, .8);

  const double last = 1 - .3;
  const double middle = (-.2 + .9 * .3 - .4) + .72 * last;
  const double first = (.1 + .9 * .4 - .5) + .72 * middle;
  expect_near(result.advantages_T, {4, first, middle, last});
  expect_near(result.returns_T, {5, first + .5, middle + .4, 1});
}

TEST(Gae, KeepsTheTypeAndTakesNoTokens) {
  const std::vector<std::int64_t> nothing = {0, 0};

  EXPECT_EQ(gae(numbers(kRewards).to(at::kFloat), numbers(kValues), kOne, 1, 1)
                .advantages_T.scalar_type(),
            at::kFloat);
  EXPECT_EQ(gae(numbers({}), numbers({}), nothing, 1, 1).advantages_T.numel(), 0);
}

TEST(Gae, RefusesRowsThatDoNotFit) {
  const std::vector<std::int64_t> short_of = {0, 3};
  const std::vector<std::int64_t> backwards = {0, 5, 4};

  EXPECT_THROW(gae(numbers(kRewards), numbers({1}), kOne, 1, 1), Error);
  EXPECT_THROW(gae(numbers(kRewards), numbers(kValues), short_of, 1, 1), Error);
  EXPECT_THROW(gae(numbers(kRewards), numbers(kValues), backwards, 1, 1), Error);
}

TEST(Whiten, ReproducesTheGoldenNumbers) {
  const auto values_T = numbers({.31065, .327, .66, .8});
  const auto over = moments(values_T);

  // The numbers of the specification were made with epsilon 1e-8 and the biased variance.
  expect_near(whiten(values_T, over, {.variance = Variance::kBiased}),
              {-1.0105009369, -0.9332109992, 0.6409510358, 1.3027609003});
}

TEST(Whiten, HasMeanZeroAndUnitVariance) {
  const auto values_T = numbers({1, 2, 4, 9, -3});

  const auto whitened_T = whiten(values_T, moments(values_T), {.epsilon = 0});

  EXPECT_NEAR(scalar(whitened_T.mean()), 0, kTolerance);
  EXPECT_NEAR(scalar(whitened_T.var()), 1, kTolerance);  // Bessel
}

TEST(Whiten, KeepsTheMeanWhereAsked) {
  const auto values_T = numbers({1, 2, 6});

  const auto kept_T = whiten(values_T, moments(values_T), {.mean = WhitenMean::kKeep});

  EXPECT_NEAR(scalar(kept_T.mean()), 3, kTolerance);
}

TEST(Whiten, TakesConstantAndSingleValues) {
  const auto constant_T = numbers({.1, .1, .1});
  const auto single_T = numbers({7});

  expect_near(whiten(constant_T, moments(constant_T)), {0, 0, 0});
  expect_near(whiten(single_T, moments(single_T)), {0});
  EXPECT_EQ(whiten(numbers({}), moments(numbers({}))).numel(), 0);
}

TEST(Whiten, DoesNotDependOnHowTheValuesAreSplit) {
  const auto all_T = numbers({1, 2, 4, 9, -3});
  const auto left = moments(all_T.slice(0, 0, 2));
  const auto right = moments(all_T.slice(0, 2));
  const Moments sum{left.count + right.count, left.sum + right.sum, left.squares + right.squares};

  EXPECT_TRUE(at::allclose(whiten(all_T, sum), whiten(all_T, moments(all_T)), 0, 1e-14));
}

TEST(KlPenalty, TakesTheLogRatioOffTheReward) {
  expect_near(kl_penalized(numbers({0, 1}), numbers({-1, -2}), numbers({-1.5, -1}), .2),
              {-.1, 1.2});
}

// specs 11.6, with clip 0.2 below and 0.28 above.
TEST(PolicyLoss, ReproducesTheGoldenNumbers) {
  const auto logprobs_T = numbers({-1, -2, -.5, -3});
  const auto old_T = numbers({-1.1, -1.8, -.9, -3});
  const auto advantages_T = numbers({1, -1, 2, -.5});
  const PolicyClip clip{.low = .2, .high = .28};

  expect_near(ppo_policy_terms(logprobs_T, old_T, advantages_T, clip),
              {-1.1051709180756477, .8187307530779818, -2.56, .5});
  const auto loss = ppo_policy_loss(logprobs_T, old_T, advantages_T, clip);

  EXPECT_NEAR(scalar(loss.sum) / 4, -0.5866100412494164, kTolerance);
  EXPECT_EQ(loss.clipped, 1);
  EXPECT_NEAR(loss.ratio_sum, std::exp(.1) + std::exp(-.2) + std::exp(.4) + 1, kTolerance);
  EXPECT_NEAR(loss.approximate_kl_sum, -.1 + .2 - .4, kTolerance);
}

TEST(PolicyLoss, HasNoGradientOnClippedTokens) {
  const auto logprobs_T = variable({0, 0, 0, 0});
  const auto old_T = numbers({-.1, -1, 1, -1});
  const auto advantages_T = numbers({1, 1, -1, -1});

  ppo_policy_loss(logprobs_T, old_T, advantages_T, .2).sum.backward();

  // Within the bounds; above with A > 0; below with A < 0; above with A < 0, where the worse term
  // is not the clipped one.
  expect_near(logprobs_T.grad(), {-std::exp(.1), 0, 0, std::exp(1)});
}

TEST(PolicyLoss, IsMinusTheAdvantageBeforeTheFirstStep) {
  const auto logprobs_T = variable({-1, -2});
  const auto advantages_T = numbers({3, -1});

  const auto loss = ppo_policy_loss(logprobs_T, logprobs_T.detach(), advantages_T, .2);
  loss.sum.backward();

  EXPECT_EQ(scalar(loss.sum), -2);
  EXPECT_EQ(loss.clipped, 0);
  EXPECT_EQ(loss.ratio_sum, 2);
  EXPECT_EQ(loss.approximate_kl_sum, 0);
  expect_near(logprobs_T.grad(), {-3, 1});
}

TEST(PolicyLoss, BoundsTheLossOfNegativeAdvantages) {
  const auto logprobs_T = variable({2, 2});
  const PolicyClip clip{.dual = 3};

  const auto loss = ppo_policy_loss(logprobs_T, numbers({0, 0}), numbers({-1, 1}), clip);
  loss.sum.backward();

  EXPECT_NEAR(scalar(loss.sum), 3 - 1.2, kTolerance);
  expect_near(logprobs_T.grad(), {0, 0});
}

TEST(PolicyLoss, WeighsTokens) {
  const auto weights_T = variable({.5, 2});

  const auto loss =
      ppo_policy_loss(variable({0, 0}), numbers({0, 0}), numbers({1, -1}), PolicyClip{}, weights_T);
  loss.sum.backward();

  EXPECT_NEAR(scalar(loss.sum), -.5 + 2, kTolerance);
  EXPECT_FALSE(weights_T.grad().defined());
}

TEST(PolicyLoss, TakesNoTokens) {
  const auto loss = ppo_policy_loss(variable({}), numbers({}), numbers({}), .2);
  loss.sum.backward();

  EXPECT_EQ(scalar(loss.sum), 0);
}

// specs 11.6: V = [.5, .9], old .4, R = 1, clip .2: mean 0.1025 (of the halved squares).
TEST(ValueLoss, ReproducesTheGoldenNumber) {
  const auto values_T = variable({.5, .9});

  const auto loss = ppo_value_loss(values_T, numbers({.4, .4}), numbers({1, 1}), .2);
  loss.sum.backward();

  EXPECT_NEAR(scalar(loss.sum) / 2, .1025, kTolerance);
  EXPECT_EQ(loss.clipped, 1);
  expect_near(values_T.grad(), {-.5, 0});
}

TEST(ValueLoss, DoesNotClipWithoutARange) {
  const auto loss = ppo_value_loss(numbers({.5, .9}), numbers({.4, .4}), numbers({1, 1}), 0);

  EXPECT_NEAR(scalar(loss.sum), .5 * (.25 + .01), kTolerance);
  EXPECT_EQ(loss.clipped, 0);
}

}  // namespace
}  // namespace alarm_dist::testing

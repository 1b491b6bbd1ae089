// SPDX-License-Identifier: Apache-2.0
// The golden numbers of specs 11.6.
#include "alarm/rl/correction.hpp"

#include "alarm/base/error.hpp"
#include "alarm/rl/kl.hpp"
#include "alarm/rl/ppo.hpp"

#include "rl/numbers.hpp"

namespace alarm_dist::testing {
namespace {

class OffPolicy : public ::testing::Test {
 protected:
  double corrected_mean(const Correction& correction) const {
    const PolicyClip clip{.low = .2, .high = .28};
    return scalar(
               ppo_policy_loss(logprobs_T, old_T, advantages_T, clip, correction.weights_T).sum) /
           4;
  }

  const at::Tensor logprobs_T = numbers({-1, -2, -.5, -3});
  const at::Tensor old_T = numbers({-1.1, -1.8, -.9, -3});
  const at::Tensor rollout_T = numbers({-1.6, -1.8, -.5, -2});
  const at::Tensor advantages_T = numbers({1, -1, 2, -.5});
  const std::vector<std::int64_t> offsets = {0, 4};
};

TEST_F(OffPolicy, TruncatesTokenRatios) {
  const auto correction =
      truncated_importance(old_T, rollout_T, offsets, ImportanceLevel::kToken, 2);

  expect_near(correction.weights_T, {1.6487212707001282, 1, .6703200460356393, .36787944117144233});
  EXPECT_NEAR(corrected_mean(correction), -0.6338669111445105, kTolerance);
  EXPECT_TRUE(correction.kept_T.all().item<bool>());
  expect_near(truncated_importance(old_T, rollout_T, offsets, ImportanceLevel::kToken, 1.5)
                  .weights_T.slice(0, 0, 1),
              {1.5});
}

TEST_F(OffPolicy, MasksTokenRatios) {
  const auto correction =
      masked_importance(old_T, rollout_T, offsets, ImportanceLevel::kToken, {.low = .5, .high = 2});

  EXPECT_NEAR(corrected_mean(correction), -0.6798518412909409, kTolerance);
  expect_near(correction.kept_T.to(at::kDouble), {1, 1, 1, 0});
}

TEST_F(OffPolicy, TakesTheProductOverAResponse) {
  const auto correction =
      truncated_importance(old_T, rollout_T, offsets, ImportanceLevel::kSequence, 2);

  expect_near(correction.weights_T, std::vector<double>(4, std::exp(-.9)));  // 0.4065696597
}

TEST_F(OffPolicy, RejectsResponsesByTheirGeometricMean) {
  const double geometric = std::exp(-.9 / 4);  // 0.7985162188

  const auto kept =
      geometric_rejection(old_T, rollout_T, offsets, {.low = geometric - 1e-9, .high = 2});
  const auto rejected =
      geometric_rejection(old_T, rollout_T, offsets, {.low = geometric + 1e-9, .high = 2});

  expect_near(kept.weights_T, {1.6487212707001282, 1, .6703200460356393, .36787944117144233});
  expect_near(rejected.weights_T, {0, 0, 0, 0});
  EXPECT_FALSE(rejected.kept_T.any().item<bool>());
  expect_near(only_rejections(kept).weights_T, {1, 1, 1, 1});
}

TEST_F(OffPolicy, RejectsResponsesByTheirDivergence) {
  constexpr double kMeanK3 = 0.1467301895;
  EXPECT_NEAR(scalar(kl_k3(rollout_T, old_T).mean()), kMeanK3, 1e-10);

  EXPECT_TRUE(
      divergence_rejection(old_T, rollout_T, offsets, kMeanK3 + 1e-9).kept_T.all().item<bool>());
  EXPECT_FALSE(
      divergence_rejection(old_T, rollout_T, offsets, kMeanK3 - 1e-9).kept_T.any().item<bool>());
}

TEST_F(OffPolicy, IsNoneWhereThePoliciesAgree) {
  const std::vector<std::int64_t> ragged = {0, 1, 1, 4};

  expect_near(truncated_importance(old_T, old_T, ragged, ImportanceLevel::kSequence, 2).weights_T,
              {1, 1, 1, 1});
  expect_near(masked_importance(old_T, old_T, ragged, ImportanceLevel::kToken, {}).weights_T,
              {1, 1, 1, 1});
  expect_near(geometric_rejection(old_T, old_T, ragged, {}).weights_T, {1, 1, 1, 1});
  expect_near(divergence_rejection(old_T, old_T, ragged, 0).weights_T, {1, 1, 1, 1});
}

TEST_F(OffPolicy, WeightsAreConstants) {
  const auto trained_T = variable({-1.1, -1.8, -.9, -3});

  EXPECT_FALSE(truncated_importance(trained_T, rollout_T, offsets, ImportanceLevel::kToken, 2)
                   .weights_T.requires_grad());
}

TEST_F(OffPolicy, StaysFiniteWherePoliciesAreFarApart) {
  const auto far_T = numbers({-1000, 1000, 0, 0});

  const auto correction =
      masked_importance(far_T, old_T, offsets, ImportanceLevel::kToken, {.low = 0, .high = 1e12});

  EXPECT_TRUE(at::isfinite(correction.weights_T).all().item<bool>());
  EXPECT_FALSE(divergence_rejection(far_T, old_T, offsets, 1).kept_T.any().item<bool>());
}

TEST_F(OffPolicy, RefusesImpossibleBounds) {
  EXPECT_THROW(truncated_importance(old_T, rollout_T, offsets, ImportanceLevel::kToken, 0), Error);
  EXPECT_THROW(
      masked_importance(old_T, rollout_T, offsets, ImportanceLevel::kToken, {.low = 2, .high = 1}),
      Error);
  EXPECT_THROW(divergence_rejection(old_T, rollout_T, offsets, -1), Error);
}

TEST(NormalizeWeights, HasMeanOne) {
  expect_near(normalize_weights(numbers({1, 3}), 4, 2), {.5, 1.5});
  expect_near(normalize_weights(numbers({0, 0}), 0, 2), {0, 0});
}

}  // namespace
}  // namespace alarm_dist::testing

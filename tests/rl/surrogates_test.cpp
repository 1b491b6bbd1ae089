// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/surrogates.hpp"

#include "rl/numbers.hpp"

namespace alarm_dist::testing {
namespace {

const std::vector<std::int64_t> kOne = {0, 4};

// specs 11.6: ratio 1.0778841509.
TEST(Gspo, HasOneRatioAResponse) {
  const auto loss = gspo_policy_loss(numbers({-1, -2, -.5, -3}), numbers({-1.1, -1.8, -.9, -3}),
                                     numbers({1, 1, 1, 1}), kOne, {.low = .2, .high = .28});

  EXPECT_NEAR(loss.ratio_sum / 4, std::exp(.3 / 4), kTolerance);
  EXPECT_NEAR(scalar(loss.sum), -4 * 1.0778841508846315, kTolerance);
}

TEST(Gspo, ClipsResponsesAsAWhole) {
  const std::vector<std::int64_t> offsets = {0, 2, 2, 3};
  const auto logprobs_T = variable({2, 0, .1});

  const auto loss =
      gspo_policy_loss(logprobs_T, numbers({0, 0, 0}), numbers({1, 1, 1}), offsets, {});
  loss.sum.backward();

  EXPECT_NEAR(scalar(loss.sum), -2 * 1.2 - std::exp(.1), kTolerance);
  EXPECT_EQ(loss.clipped, 2);
  expect_near(logprobs_T.grad(), {0, 0, -std::exp(.1)});
}

TEST(Cispo, KeepsTheGradientOfClippedTokens) {
  const auto logprobs_T = variable({-1, -1});

  const auto loss = cispo_policy_loss(logprobs_T, numbers({-2, -1}), numbers({1, -2}), {});
  loss.sum.backward();

  EXPECT_NEAR(scalar(loss.sum), 1.2 - 2, kTolerance);
  EXPECT_EQ(loss.clipped, 1);
  expect_near(logprobs_T.grad(), {-1.2, 2});
}

}  // namespace
}  // namespace alarm_dist::testing

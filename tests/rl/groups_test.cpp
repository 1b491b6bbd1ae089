// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/groups.hpp"

#include "alarm/base/error.hpp"
#include "alarm/rl/ppo.hpp"

#include "rl/numbers.hpp"

namespace alarm_dist::testing {
namespace {

const std::vector<std::int64_t> kFive(5, 0);

// specs 11.3: R = [1, 0, 0, 1, 0].
TEST(GroupAdvantages, ReproduceTheGoldenNumbers) {
  const auto rewards_R = numbers({1, 0, 0, 1, 0});

  expect_near(grpo_advantages(rewards_R, kFive, 1e-4),
              {1.0952451514, -.7301634343, -.7301634343, 1.0952451514, -.7301634343});
  expect_near(grpo_advantages(rewards_R, kFive),
              {1.0954431150, -.7302954100, -.7302954100, 1.0954431150, -.7302954100});
  expect_near(rloo_advantages(rewards_R, kFive), {.75, -.5, -.5, .75, -.5});
  expect_near(group_centred(rewards_R, kFive), {.6, -.4, -.4, .6, -.4});
}

TEST(GroupAdvantages, CompareWithinAPromptWhateverTheOrder) {
  const std::vector<std::int64_t> groups = {7, -1, 7, -1};

  expect_near(group_centred(numbers({1, 10, 3, 30}), groups), {-1, -10, 1, 10});
}

TEST(GroupAdvantages, AreExactlyZeroWhereAllRewardsAreEqual) {
  const std::vector<std::int64_t> groups = {0, 0, 0, 1, 1};
  const auto rewards_R = numbers({.1, .1, .1, 1, 2});

  EXPECT_EQ(scalar(grpo_advantages(rewards_R, groups).slice(0, 0, 3).abs().max()), 0);
  EXPECT_EQ(count_constant_groups(rewards_R, groups), 1);
}

// By hand: groups [1, 3] and [0, 0], deviation of [1, 3, 0, 0] the root of 2.
TEST(GroupAdvantages, CanShareTheDeviationOfTheBatch) {
  const std::vector<std::int64_t> groups = {0, 0, 1, 1};
  const auto rewards_R = numbers({1, 3, 0, 0});

  const double scale = 1 / (std::sqrt(2.) + 1e-4);
  expect_near(batch_scaled_advantages(rewards_R, groups, moments(rewards_R)),
              {-scale, scale, 0, 0});
  EXPECT_THROW(batch_scaled_advantages(rewards_R, groups, {.count = 1}), Error);
}

TEST(GroupAdvantages, RefuseAGroupOfOne) {
  const std::vector<std::int64_t> groups = {0, 0, 1};
  const std::vector<std::int64_t> too_few = {0, 0};

  EXPECT_THROW(rloo_advantages(numbers({1, 2, 3}), groups), Error);
  EXPECT_THROW(group_centred(numbers({1, 2, 3}), too_few), Error);
  EXPECT_THROW(grpo_advantages(numbers({1, 2}), too_few, 0), Error);
}

TEST(DynamicSampling, DropsGroupsThatTeachNothing) {
  const std::vector<std::int64_t> groups = {4, 2, 4, 2, 9, 9};
  const auto metric_R = numbers({.1, 1, .1, 0, 1, 1});

  const auto dropped = constant_groups(metric_R, groups);

  EXPECT_EQ(dropped, (std::vector<std::int64_t>{4, 9}));
  expect_near(keep_groups(groups, dropped).to(at::kDouble), {0, 1, 0, 1, 0, 0});
  EXPECT_EQ(count_constant_groups(metric_R, groups), 2);
}

TEST(DynamicSampling, CanDropByTheMean) {
  const std::vector<std::int64_t> groups = {0, 0, 1, 1, 2, 2};
  const auto right_R = numbers({1, 1, 1, 0, 0, 0});

  EXPECT_EQ(groups_outside(right_R, groups, {}), (std::vector<std::int64_t>{0, 2}));
  EXPECT_EQ(groups_outside(right_R, groups, {.low = .4, .high = 1.1}),
            (std::vector<std::int64_t>{2}));
  EXPECT_THROW(groups_outside(right_R, groups, {.low = 1, .high = 1}), Error);
}

TEST(RewardToGo, DiscountsWithinAResponse) {
  const std::vector<std::int64_t> offsets = {0, 1, 1, 3};

  expect_near(reward_to_go(numbers({5, 1, 2}), offsets, .5), {5, 2, 2});
}

TEST(SpreadOverTokens, AndSumAreRagged) {
  const std::vector<std::int64_t> offsets = {0, 1, 1, 3};

  expect_near(spread_over_tokens(numbers({1, 2, 3}), offsets), {1, 3, 3});
  expect_near(sum_responses(numbers({5, 1, 2}), offsets), {5, 0, 3});
  EXPECT_THROW(spread_over_tokens(numbers({1, 2}), offsets), Error);
}

}  // namespace
}  // namespace alarm_dist::testing

// SPDX-License-Identifier: Apache-2.0
#include "train/preference_pairs.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace alarm_dist {
namespace {

Rollout sample_of(std::int64_t prompt) {
  Rollout rollout;
  rollout.prompt_group = prompt;
  rollout.response = {1, 2};
  return rollout;
}

ComposedReward worth(double first, double second) {
  ComposedReward reward;
  reward.rewards = {first, second};
  return reward;
}

TEST(SelectPairs, TakesTheBestAndTheWorstByTheSumOfTheirRewards) {
  const std::vector<Rollout> rollouts(4, sample_of(7));
  const std::vector<ComposedReward> rewards{worth(1, 0), worth(-2, 5), worth(0, -1), worth(2, 0)};

  const auto pairs = select_pairs(rollouts, rewards, Sampled::kNone);

  ASSERT_EQ(pairs.pairs, 1);
  ASSERT_EQ(pairs.rollouts.size(), 2U);
  EXPECT_EQ(pairs.rewards[0].rewards, rewards[1].rewards);
  EXPECT_TRUE(pairs.preferences[0].chosen);
  EXPECT_EQ(pairs.rewards[1].rewards, rewards[2].rewards);
  EXPECT_TRUE(pairs.preferences[1].rejected);
}

TEST(SelectPairs, NamesRewardsThatAreNotFinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<ComposedReward> rewards{worth(1, 0), worth(infinity, -infinity), worth(2, 0),
                                            worth(0, infinity)};

  EXPECT_EQ(nonfinite_rewards(rewards), (std::vector<std::int64_t>{1, 3}));
}

TEST(SelectPairs, LeavesOutPromptsWithoutADifferenceAndCountsThem) {
  const std::vector<Rollout> rollouts{sample_of(1), sample_of(1), sample_of(2)};
  const std::vector<ComposedReward> rewards{worth(1, 1), worth(2, 0), worth(9, 9)};

  const auto pairs = select_pairs(rollouts, rewards, Sampled::kNone);

  EXPECT_EQ(pairs.pairs, 0);
  EXPECT_EQ(pairs.without, 2);
  EXPECT_TRUE(pairs.rollouts.empty());
}

TEST(SelectPairs, KeepsTheFirstSampleForSelmEvenWhereItIsPartOfThePair) {
  const std::vector<Rollout> rollouts(3, sample_of(0));

  const auto apart =
      select_pairs(rollouts, std::vector{worth(1, 0), worth(2, 0), worth(0, 0)}, Sampled::kFirst);
  EXPECT_EQ(apart.rollouts.size(), 3U);
  EXPECT_TRUE(apart.preferences[0].sampled && !apart.preferences[0].chosen);

  const auto within =
      select_pairs(rollouts, std::vector{worth(3, 0), worth(2, 0), worth(0, 0)}, Sampled::kFirst);
  EXPECT_EQ(within.rollouts.size(), 2U);
  EXPECT_TRUE(within.preferences[0].sampled && within.preferences[0].chosen);
}

TEST(SelectPairs, KeepsTheGreedySampleForSelmWhateverItsRankAndWithoutAPairToo) {
  std::vector<Rollout> rollouts{sample_of(0), sample_of(0), sample_of(0), sample_of(1),
                                sample_of(1), sample_of(2), sample_of(2)};
  rollouts[1].greedy = rollouts[3].greedy = true;  // that of prompt 2 could not be scored
  const std::vector<ComposedReward> rewards{worth(3, 0), worth(2, 0), worth(1, 0), worth(5, 0),
                                            worth(5, 0), worth(7, 0), worth(8, 0)};

  const auto pairs = select_pairs(rollouts, rewards, Sampled::kGreedy);

  EXPECT_EQ(pairs.pairs, 2);
  EXPECT_EQ(pairs.without, 1);
  ASSERT_EQ(pairs.preferences.size(), 6U);
  const auto& middle = pairs.preferences[1];
  EXPECT_TRUE(middle.sampled && !middle.chosen && !middle.rejected);
  const auto& alone = pairs.preferences[3];
  EXPECT_TRUE(alone.sampled && !alone.chosen && !alone.rejected);
  EXPECT_EQ(pairs.rollouts[3].prompt_group, 1);
  EXPECT_FALSE(pairs.preferences[4].sampled || pairs.preferences[5].sampled);
}

}  // namespace
}  // namespace alarm_dist

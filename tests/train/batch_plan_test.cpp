// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/batch_plan.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "alarm/base/random.hpp"

namespace alarm_dist {
namespace {

// `groups` prompts of random length with `samples` responses each.
std::vector<Rollout> make_rollouts(std::int64_t groups, std::int64_t samples, std::uint64_t seed) {
  std::vector<Rollout> rollouts;
  for (std::int64_t g = 0; g < groups; ++g) {
    const auto prompt = 1 + draw_below({.seed = seed, .step = static_cast<std::uint32_t>(g)}, 200);
    for (std::int64_t j = 0; j < samples; ++j) {
      Rollout rollout;
      rollout.sample_id = static_cast<std::uint32_t>(rollouts.size());
      rollout.prompt_group = g;
      rollout.prompt.assign(prompt, 1);
      rollout.response.assign(
          1 + draw_below({.seed = seed, .sample = rollout.sample_id, .token = 1}, 50), 2);
      rollouts.push_back(rollout);
    }
  }
  return rollouts;
}

std::vector<std::int64_t> in_order(std::int64_t n) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

std::vector<std::int64_t> samples_of(const MiniBatchPlan& plan) {
  std::vector<std::int64_t> samples;
  for (const auto& rank : plan.by_rank) {
    for (const auto& micro : rank) {
      for (const auto& unit : micro)
        samples.insert(samples.end(), unit.samples.begin(), unit.samples.end());
    }
  }
  std::sort(samples.begin(), samples.end());
  return samples;
}

TEST(BatchPlan, HoldsEachSampleOnceForEveryWorldAndBudget) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto rollouts = make_rollouts(1 + static_cast<std::int64_t>(seed % 9),
                                        1 + static_cast<std::int64_t>(seed % 4), seed);
    for (const int ranks : {1, 2, 3, 16}) {
      for (const std::int64_t budget : {30, 300, 10000}) {
        const auto plans = plan_minibatches(
            rollouts, in_order(9), {.minibatch = 6, .micro_tokens = budget, .ranks = ranks});

        std::multiset<std::int64_t> seen;
        for (const auto& plan : plans) {
          const auto samples = samples_of(plan);
          seen.insert(samples.begin(), samples.end());
          EXPECT_EQ(plan.samples, static_cast<std::int64_t>(samples.size()));
          std::int64_t tokens = 0;
          for (const auto s : samples) tokens += rollouts[static_cast<std::size_t>(s)].tokens();
          EXPECT_EQ(plan.tokens, tokens);
          EXPECT_EQ(plan.by_rank.size(), static_cast<std::size_t>(ranks));
        }
        EXPECT_EQ(seen.size(), rollouts.size());
        EXPECT_EQ(std::set<std::int64_t>(seen.begin(), seen.end()).size(), rollouts.size());
      }
    }
  }
}

TEST(BatchPlan, KeepsToTheTokenBudgetUnlessOneSampleExceedsIt) {
  const auto rollouts = make_rollouts(12, 4, 3);

  const auto plans =
      plan_minibatches(rollouts, in_order(12), {.minibatch = 48, .micro_tokens = 260, .ranks = 2});

  ASSERT_EQ(plans.size(), 1U);
  for (const auto& rank : plans[0].by_rank) {
    for (const auto& micro : rank) {
      std::int64_t rows = 0;
      for (const auto& unit : micro) rows += unit.rows;
      const bool single = micro.size() == 1 && micro[0].samples.size() == 1;
      EXPECT_TRUE(rows <= 260 || single) << rows;
    }
  }
}

TEST(BatchPlan, MiniBatchesDoNotDependOnRanksOrBudget) {
  const auto rollouts = make_rollouts(10, 4, 5);
  const auto one = plan_minibatches(rollouts, in_order(10),
                                    {.minibatch = 16, .micro_tokens = 10000, .ranks = 1});
  const auto many =
      plan_minibatches(rollouts, in_order(10), {.minibatch = 16, .micro_tokens = 100, .ranks = 5});

  ASSERT_EQ(one.size(), 3U);
  ASSERT_EQ(many.size(), one.size());
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_EQ(samples_of(one[i]), samples_of(many[i]));
}

TEST(BatchPlan, LeavesRanksWithoutWorkEmpty) {
  const auto rollouts = make_rollouts(1, 2, 1);

  const auto plans =
      plan_minibatches(rollouts, in_order(1), {.minibatch = 4, .micro_tokens = 10000, .ranks = 4});

  ASSERT_EQ(plans.size(), 1U);
  EXPECT_EQ(std::count_if(plans[0].by_rank.begin(), plans[0].by_rank.end(),
                          [](const auto& r) { return r.empty(); }),
            3);
}

TEST(BatchPlan, IsEmptyWithoutRollouts) {
  EXPECT_TRUE(plan_minibatches({}, in_order(3), {}).empty());
}

}  // namespace
}  // namespace alarm_dist

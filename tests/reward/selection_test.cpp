// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/selection.hpp"

#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

// Six prompts: the holistic reward decides five of them.
const std::vector<ScorePair> kHolistic = {{2, 1}, {2, 1}, {1, 2}, {1, 2}, {3, 3}, {5, 0}};
// Agrees, opposes, agrees, ties (consistent), decides where the holistic one does not (left out),
// opposes.
const std::vector<ScorePair> kAspect = {{1, 0}, {0, 1}, {0, 1}, {4, 4}, {9, 1}, {0, 2}};

TEST(Inconsistency, CountsOppositeSignsAmongDecidedPrompts) {
  EXPECT_DOUBLE_EQ(inconsistency(kHolistic, kAspect).value(), 40);  // 2 of 5
  EXPECT_DOUBLE_EQ(inconsistency(kHolistic, kHolistic).value(), 0);
}

// As an error rate the agreeing ones oppose: prompts 0 and 2.
TEST(Inconsistency, FlipsTheSignOfErrors) {
  EXPECT_DOUBLE_EQ(inconsistency(kHolistic, kAspect, Better::kLower).value(), 40);
  EXPECT_DOUBLE_EQ(inconsistency(kHolistic, kHolistic, Better::kLower).value(), 100);
}

TEST(Inconsistency, IsUnknownWithoutDecidedPrompts) {
  const std::vector<ScorePair> ties = {{1, 1}, {2, 2}};
  EXPECT_FALSE(inconsistency(ties, std::vector<ScorePair>{{1, 0}, {0, 1}}).has_value());
  EXPECT_FALSE(inconsistency({}, {}).has_value());
  EXPECT_THROW(inconsistency(ties, kAspect), Error);
}

TEST(WinRate, DropsTies) {
  EXPECT_DOUBLE_EQ(win_rate(kHolistic), 60);  // 3 of 5
  EXPECT_DOUBLE_EQ(win_rate(kAspect), 40);    // 2 of 5
  EXPECT_DOUBLE_EQ(win_rate(kAspect, Better::kLower), 60);
  EXPECT_DOUBLE_EQ(win_rate(std::vector<ScorePair>{{1, 1}}), 50);
  EXPECT_DOUBLE_EQ(win_rate({}), 50);
}

// The bar charts of the paper (specs/alarm.md 1.4): factuality for questions and answers, grammar
// for translation.
TEST(SelectAspect, TakesThePapersChoices) {
  const std::vector<AspectStatistics> answers = {{"relevance", 40.2, 47.4},
                                                 {"factuality", 21.4, 67.1},
                                                 {"completeness", 45.1, 57.6},
                                                 {"length", 54.1, 46.9}};
  const std::vector<AspectStatistics> translation = {{"confidence", 31.4, 47.0},
                                                     {"readability", 42.8, 49.2},
                                                     {"grammar", 17.4, 58.6},
                                                     {"length", 43.8, 48.9}};

  EXPECT_EQ(select_aspect(answers).name, "factuality");
  EXPECT_EQ(select_aspect(translation).name, "grammar");
}

TEST(SelectAspect, BreaksTiesByWinRateAndPutsTheUnknownLast) {
  const std::vector<AspectStatistics> aspects = {
      {"unknown", std::nullopt, 99}, {"a", 20, 50}, {"b", 20, 60}, {"c", 20, 60}};

  EXPECT_EQ(select_aspect(aspects).name, "b");
  EXPECT_EQ(select_aspect(std::span(aspects).first(1)).name, "unknown");
  EXPECT_THROW(select_aspect({}), Error);
}

}  // namespace
}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include "metrics/report/charts.hpp"
#include "metrics/report/html.hpp"
#include "metrics/report/key_groups.hpp"
#include "metrics/report/outcome.hpp"
#include "metrics/report/phase_times.hpp"

namespace alarm_dist::report {
namespace {

TEST(Html, EscapesMarkupControlsAndBrokenText) {
  EXPECT_EQ(escape("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(escape(std::string("x\0y\xff z", 6)), "x\xef\xbf\xbdy\xef\xbf\xbd z");
}

TEST(Html, NumbersHaveThreeDigitsAndATrueMinus) {
  EXPECT_EQ(number(0.41234), "0.412");
  EXPECT_EQ(number(-1.255),
            "\xe2\x88\x92"
            "1.25");
  EXPECT_EQ(number(12345), "12.3k");
  EXPECT_EQ(number(2.5e-5), "2.5e-5");
  EXPECT_EQ(number(2.1e9), "2.10G");
  EXPECT_EQ(number(std::nan("")), "n/a");
  EXPECT_EQ(signed_number(0.5), "+0.500");
}

TEST(Ticks, AreRoundAndInsideTheRange) {
  const Ticks ticks = round_ticks({-0.13, 0.92}, 5);

  EXPECT_EQ(ticks.labels, (std::vector<std::string>{"0", "0.2", "0.4", "0.6", "0.8"}));
}

TEST(Smoothing, KeepsStraightLinesAndAveragesNoise) {
  Points straight;
  Points noisy;
  for (int i = 0; i < 100; ++i) {
    straight.push_back({static_cast<double>(i), 3 - 0.5 * i});
    noisy.push_back({static_cast<double>(i), i % 2 == 0 ? 1.0 : -1.0});
  }

  const Points line = smoothed(straight);
  const Points quiet = smoothed(noisy);

  for (std::size_t i = 0; i < line.size(); ++i) EXPECT_NEAR(line[i].y, straight[i].y, 1e-9);
  for (std::size_t i = 10; i < 90; ++i) EXPECT_NEAR(quiet[i].y, 0, 0.01);
}

TEST(Correlation, AgreesWithHandWork) {
  EXPECT_NEAR(correlation({{1, 2}, {2, 4}, {3, 6}}), 1, 1e-12);
  EXPECT_NEAR(correlation({{1, 1}, {2, 3}, {3, 2}}), 0.5, 1e-12);
  EXPECT_EQ(correlation({{1, 1}, {1, 2}}), 0);
}

// Wilson's interval for 8 of 10: Brown, Cai and DasGupta (2001) give 0.490 to 0.943.
TEST(Wilson, AgreesWithThePublishedInterval) {
  const Interval interval = wilson_interval(8, 10);

  EXPECT_NEAR(interval.low, 0.490, 5e-4);
  EXPECT_NEAR(interval.high, 0.943, 5e-4);
  EXPECT_EQ(wilson_interval(0, 0).high, 1);
}

TEST(YamlScalar, FindsNestedKeysOnly) {
  const std::string yaml =
      "run:\n  name: \"a: b\"\n  seed: 1\nrewards:\n  compose:\n    kind: hierarchical\nkind: "
      "top\n";

  EXPECT_EQ(yaml_scalar(yaml, "run.name"), "a: b");
  EXPECT_EQ(yaml_scalar(yaml, "rewards.compose.kind"), "hierarchical");
  EXPECT_EQ(yaml_scalar(yaml, "kind"), "top");
  EXPECT_EQ(yaml_scalar(yaml, "run.kind"), "");
}

TEST(PhaseTimes, PartsStandForTheirWholeAndAddUpToIt) {
  RunData run;
  run.metrics = {
      {1,
       {{"time/rollout_s", 10},
        {"time/generate_s", 6},
        {"time/score_s", 1},
        {"time/sync_s", 2},
        {"time/step_s", 30}}},
      {2,
       {{"time/rollout_s", 10}, {"time/generate_s", 15}, {"time/score_s", 5}, {"time/sync_s", 2}}}};

  const PhaseTimes times = phase_times(run);

  EXPECT_EQ(times.names, (std::vector<std::string>{"generate", "score", "rollout, rest", "sync"}));
  EXPECT_EQ(times.seconds[0], (std::vector<double>{6, 1, 3, 2}));
  EXPECT_EQ(times.seconds[1], (std::vector<double>{7.5, 2.5, 0, 2}));
}

TEST(KeyGroups, LoseNoMetric) {
  RunData run;
  run.metrics = {{1,
                  {{"reward/x", 1},
                   {"eval/reward/x", 1},
                   {"eval/only", 1},
                   {"odd", 1},
                   {"kl/k1", 1},
                   {"eval/kl/k1", 1},
                   {"time/rollout_s", 1}}}};

  EXPECT_EQ(other_keys(run), (std::vector<std::string>{"eval/only", "odd", "eval/kl/k1"}));
  EXPECT_EQ(reward_keys(run)[2], "reward/x");
}

EvaluationRow row(const std::string& name, RowRole role, double low, double high) {
  const bool significant = low > 0 || high < 0;
  return {name, role, 0, (low + high) / 2, (low + high) / 2, {low, high}, significant};
}

TEST(Outcome, NeedsARiseOfTheObjectiveAndNoFallOfAnAspectInUse) {
  const auto judge = [](std::vector<EvaluationRow> rows) {
    return judge_run({.prompts = 9, .split = "test", .rows = rows});
  };
  const auto risen = row("holistic", RowRole::kHolistic, 0.1, 0.5);
  const auto unclear = row("holistic", RowRole::kHolistic, -0.1, 0.5);

  EXPECT_EQ(judge({risen}).verdict, Verdict::kGood);
  EXPECT_EQ(judge({risen, row("relevance", RowRole::kAspect, -0.2, 0.1)}).verdict, Verdict::kGood);
  EXPECT_EQ(judge({risen, row("relevance", RowRole::kAspect, -0.2, -0.1)}).verdict, Verdict::kBad);
  EXPECT_EQ(judge({risen, row("length", RowRole::kOther, -0.2, -0.1)}).verdict, Verdict::kGood);
  EXPECT_EQ(judge({unclear}).verdict, Verdict::kUnclear);
  EXPECT_EQ(judge({}).verdict, Verdict::kUnclear);
}

}  // namespace
}  // namespace alarm_dist::report

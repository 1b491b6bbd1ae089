// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/composer.hpp"

#include <cmath>
#include <limits>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"

namespace alarm_dist {
namespace {

using ::testing::DoubleNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;

constexpr double kTolerance = 1e-9;

ComponentTrace component(const std::string& name,
                         std::vector<std::pair<std::int64_t, double>> values) {
  ComponentTrace trace{.name = name, .emissions = {}, .marks = {}, .failure = {}};
  for (const auto& [token, value] : values)
    trace.emissions.push_back({.token = token, .value = value, .span = {}});
  return trace;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

void expect_near(const std::vector<double>& actual, const std::vector<double>& expected) {
  EXPECT_THAT(actual, Pointwise(DoubleNear(kTolerance), expected));
}

// What holds for every result: the components account for all of the rewards.
void expect_accounted(const ComposedReward& reward) {
  std::vector<double> sum(reward.rewards.size(), 0.0);
  for (const auto& [name, values] : reward.by_component) {
    ASSERT_EQ(values.size(), sum.size()) << name;
    for (std::size_t t = 0; t < sum.size(); ++t) sum[t] += values[t];
  }
  expect_near(sum, reward.rewards);
}

std::string message_of(const auto& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// Four tokens; the aspect "a" emits at 0 and 2, "b" twice at 1 and once at the end; h = (7 - 3) / 2
// = 2.
struct Worked {
  RewardTrace trace{{component("holistic", {{3, 7.0}}), component("a", {{0, 0.5}, {2, -0.5}}),
                     component("b", {{1, 1.0}, {1, 3.0}, {3, 2.0}})}};
  ComposerConfig config{
      .kind = Composition::kHierarchical,
      .holistic = "holistic",
      .holistic_normalization = {.mean = 3, .deviation = 2},
      .holistic_weight = 5,
      .threshold = 0.6,
      .shaping = Shaping::kNone,
      .aspects = {{.component = "a", .weight = 2, .normalization = {}},
                  {.component = "b", .weight = 0.5, .normalization = {.mean = 1, .deviation = 4}}}};
};

// The figure of the paper (specs/alarm.md 1.1): threshold 5 on the raw score, [1,0,0,2,0,0] added
// as it is and [1,1,0,0,-1,-2] through the sigmoid. The figure prints one decimal.
TEST(Compose, ReproducesTheWorkedExampleOfTheFigure) {
  const std::vector<double> signed_values = {1, 1, 0, 0, -1, -2};
  std::vector<std::pair<std::int64_t, double>> emitted;
  for (std::size_t t = 0; t < signed_values.size(); ++t) emitted.emplace_back(t, signed_values[t]);
  const RewardTrace high{{component("holistic", {{5, 7.0}}),
                          component("plain", {{0, 1.0}, {3, 2.0}}), component("signed", emitted)}};
  const RewardTrace low{
      {component("holistic", {{5, 3.0}}), high.components[1], high.components[2]}};
  ComposerConfig plain{.holistic_weight = 1,
                       .threshold = 5,
                       .shaping = Shaping::kNone,
                       .aspects = {{.component = "plain"}}};
  ComposerConfig shaped = plain;
  shaped.shaping = Shaping::kSigmoid;
  shaped.aspects = {{.component = "signed"}};

  const ComposedReward unshaped_part = compose(high, 6, true, plain);
  const ComposedReward shaped_part = compose(high, 6, true, shaped);
  const ComposedReward gated = compose(low, 6, true, shaped);

  std::vector<double> total(6);
  for (std::size_t t = 0; t < 6; ++t)
    total[t] = unshaped_part.by_component.at("plain")[t] + shaped_part.rewards[t];
  EXPECT_THAT(total,
              Pointwise(DoubleNear(0.05), std::vector<double>{1.7, 0.7, 0.5, 2.5, 0.3, 7.1}));
  expect_near(total, {1 + sigmoid(1), sigmoid(1), 0.5, 2.5, sigmoid(-1), 7 + sigmoid(-2)});
  expect_near(gated.rewards, {0, 0, 0, 0, 0, 3});
  EXPECT_TRUE(shaped_part.passed);
  EXPECT_FALSE(gated.passed);
}

// specs/alarm.md 1.2, "Shaped values", here to 1e-9 (sigma(0.5) = 1 / (1 + e^-0.5) and so on, from
// an outside calculator).
TEST(Compose, ShapesWhatAnAspectEmitsAndNothingElse) {
  const RewardTrace trace{
      {component("holistic", {{6, 0.0}}),
       component("a", {{0, 0.5}, {1, -0.5}, {2, 0.3}, {3, -0.3}, {4, 0.0}, {5, -1.0}})}};
  const ComposerConfig config{.kind = Composition::kAspectOnly,
                              .shaping = Shaping::kSigmoid,
                              .aspects = {{.component = "a"}}};

  const ComposedReward reward = compose(trace, 7, true, config);

  expect_near(reward.rewards, {0.6224593312018546, 0.3775406687981454, 0.574442516811659,
                               0.425557483188341, 0.5, 0.2689414213699951, 0.0});
}

TEST(Compose, ComposesAllFourKinds) {
  Worked worked;
  const std::vector<double> aspects = {1.0, 0.25, -1.0,
                                       0.125};  // b at 1: 0.5 * (0 + 0.5); at 3: 0.5 * 0.25
  const struct {
    Composition kind;
    double threshold;
    std::vector<double> expected;
  } cases[] = {
      {Composition::kHolisticOnly, 0.6, {0, 0, 0, 10}},
      {Composition::kAspectOnly, 0.6, aspects},
      {Composition::kWeightedSum, 0.6, {1.0, 0.25, -1.0, 10.125}},
      {Composition::kWeightedSum, 3.0, {1.0, 0.25, -1.0, 10.125}},
      {Composition::kHierarchical, 0.6, {1.0, 0.25, -1.0, 10.125}},
      {Composition::kHierarchical, 3.0, {0, 0, 0, 10}},
  };

  for (const auto& c : cases) {
    worked.config.kind = c.kind;
    worked.config.threshold = c.threshold;
    const ComposedReward reward = compose(worked.trace, 4, true, worked.config);
    expect_near(reward.rewards, c.expected);
    expect_accounted(reward);
    EXPECT_NEAR(reward.holistic, 2.0, kTolerance);
    EXPECT_EQ(reward.passed, 2.0 >= c.threshold);
  }
}

TEST(Compose, SumsShapedEmissionsOnOneToken) {
  Worked worked;
  worked.config.shaping = Shaping::kSigmoid;

  const ComposedReward reward = compose(worked.trace, 4, false, worked.config);

  expect_near(reward.by_component.at("b"), {0, 0.5 * (0.5 + sigmoid(0.5)), 0, 0.5 * sigmoid(0.25)});
  expect_near(reward.by_component.at("a"), {2 * sigmoid(0.5), 0, 2 * sigmoid(-0.5), 0});
  expect_accounted(reward);
}

// The comparison is strict: h equal to the threshold passes. On the unweighted, normalised h.
TEST(Compose, OpensTheGateAtEquality) {
  Worked worked;
  for (const double threshold : {2.0, std::nextafter(2.0, 3.0)}) {
    worked.config.threshold = threshold;
    const ComposedReward reward = compose(worked.trace, 4, true, worked.config);
    EXPECT_EQ(reward.passed, threshold == 2.0);
    EXPECT_EQ(reward.rewards[0] != 0, threshold == 2.0);
  }
}

TEST(Compose, PutsTheHolisticRewardOnTheLastTokenWhereverItWasEmitted) {
  const RewardTrace trace{{component("holistic", {{0, 1.0}})}};

  const ComposedReward reward = compose(trace, 3, false, {.kind = Composition::kHolisticOnly});

  expect_near(reward.rewards, {0, 0, 5});
}

TEST(Compose, PenalisesAResponseThatOnlyEndsWhateverTheKind) {
  for (const auto kind : {Composition::kHierarchical, Composition::kWeightedSum,
                          Composition::kHolisticOnly, Composition::kAspectOnly}) {
    Worked worked;
    worked.config.kind = kind;
    const ComposedReward reward = compose({}, 1, true, worked.config);
    expect_near(reward.rewards, {-50});
    EXPECT_TRUE(reward.too_short);
    expect_accounted(reward);
  }
}

TEST(Compose, DoesNotPenaliseOneTokenThatIsCutOffOrTwo) {
  const RewardTrace trace{{component("holistic", {{0, 1.0}})}};
  const ComposerConfig config{.kind = Composition::kHolisticOnly};

  EXPECT_FALSE(compose(trace, 1, false, config).too_short);
  EXPECT_FALSE(compose(trace, 2, true, config).too_short);
}

TEST(Compose, CountsAsTooShortWhatTheConfigSays) {
  const ComposerConfig config{.too_short_reward = -1, .too_short_tokens = 3};

  expect_near(compose({}, 3, true, config).rewards, {0, 0, -5});
}

TEST(Compose, KeepsZerosOfAspectsBehindTheGate) {
  Worked worked;
  worked.config.threshold = 100;

  const ComposedReward reward = compose(worked.trace, 4, true, worked.config);

  expect_near(reward.by_component.at("a"), {0, 0, 0, 0});
}

TEST(Compose, NamesAMissingOrFailedComponent) {
  Worked worked;
  worked.trace.components.pop_back();
  EXPECT_THAT(message_of([&] { compose(worked.trace, 4, true, worked.config); }),
              HasSubstr("component 'b'"));

  worked.trace.components.push_back(component("b", {}));
  worked.trace.components.back().failure = "score is nan";
  const std::string message = message_of([&] { compose(worked.trace, 4, true, worked.config); });
  EXPECT_THAT(message, HasSubstr("component 'b'"));
  EXPECT_THAT(message, HasSubstr("score is nan"));

  worked.config.kind = Composition::kHolisticOnly;
  EXPECT_NEAR(compose(worked.trace, 4, true, worked.config).rewards[3], 10, kTolerance);
}

TEST(Compose, ReportsBrokenComponentsBehindAClosedGateToo) {
  Worked worked;
  worked.config.threshold = 100;
  worked.trace.components[1].failure = "gone";

  EXPECT_THAT(message_of([&] { compose(worked.trace, 4, true, worked.config); }),
              HasSubstr("gone"));
}

TEST(Compose, RejectsValuesThatAreNotOnTheResponse) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::pair<std::int64_t, double>> bad[] = {{{4, 1.0}}, {{-1, 1.0}}, {{0, nan}}};
  for (const auto& values : bad) {
    Worked worked;
    worked.trace.components[1] = component("a", values);
    EXPECT_THAT(message_of([&] { compose(worked.trace, 4, true, worked.config); }),
                HasSubstr("component 'a'"));
  }
  Worked worked;
  EXPECT_THROW(compose(worked.trace, 0, true, worked.config), Error);
  worked.trace.components[0] = component("holistic", {{0, 1.0}, {1, 1.0}});
  EXPECT_THAT(message_of([&] { compose(worked.trace, 4, true, worked.config); }),
              HasSubstr("expected one"));
  worked.config.holistic_normalization.deviation = 0;
  EXPECT_THAT(message_of([&] { compose(worked.trace, 4, true, worked.config); }),
              HasSubstr("deviation"));
}

// DESIGN 1.4: placement conserves sums. Without shaping the total is that of the weighted,
// normalised emissions wherever they lie.
TEST(Compose, PlacementConservesSumsWithoutShaping) {
  for (std::uint32_t trial = 0; trial < 200; ++trial) {
    std::uint32_t draws = 0;
    const auto below = [&](std::uint64_t n) {
      return static_cast<std::int64_t>(draw_below({.step = trial, .token = draws++}, n));
    };
    const auto normal = [&] { return draw_normal({.step = trial, .token = draws++}); };
    const std::int64_t tokens = 2 + below(30);
    const Statistics statistics{.mean = normal(), .deviation = 0.5 + std::abs(normal())};
    std::vector<std::pair<std::int64_t, double>> values;
    double expected = 0;
    for (std::int64_t i = below(12); i > 0; --i) {
      values.emplace_back(below(static_cast<std::uint64_t>(tokens)), normal());
      expected += 3 * (values.back().second - statistics.mean) / statistics.deviation;
    }
    const double holistic = normal();
    const RewardTrace trace{{component("holistic", {{0, holistic}}), component("a", values)}};

    const ComposedReward reward =
        compose(trace, tokens, true,
                {.kind = Composition::kWeightedSum,
                 .holistic_weight = 2,
                 .shaping = Shaping::kNone,
                 .aspects = {{.component = "a", .weight = 3, .normalization = statistics}}});

    EXPECT_NEAR(std::accumulate(reward.rewards.begin(), reward.rewards.end(), 0.0),
                expected + 2 * holistic, 1e-9);
    expect_accounted(reward);
  }
}

TEST(Parse, KnowsTheNamesOfTheConfig) {
  EXPECT_EQ(parse_composition("hierarchical"), Composition::kHierarchical);
  EXPECT_EQ(parse_composition("weighted_sum"), Composition::kWeightedSum);
  EXPECT_EQ(parse_composition("holistic_only"), Composition::kHolisticOnly);
  EXPECT_EQ(parse_composition("aspect_only"), Composition::kAspectOnly);
  EXPECT_EQ(parse_shaping("none"), Shaping::kNone);
  EXPECT_EQ(parse_shaping("sigmoid"), Shaping::kSigmoid);
  EXPECT_THROW(parse_composition("weighted"), UsageError);
  EXPECT_THROW(parse_shaping(""), UsageError);
}

}  // namespace
}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/panel.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

#include "reward/word_response.hpp"

namespace alarm_dist {
namespace {

// Emits the length of the text; throws on a batch that holds the poison.
class LengthSource final : public RewardSource {
 public:
  LengthSource(std::string name, std::string poison = "")
      : name_(std::move(name)), poison_(std::move(poison)) {}

  const std::string& name() const override { return name_; }
  Granularity granularity() const override { return Granularity::kResponse; }
  std::vector<ComponentTrace> score(std::span<const ScoredResponse> responses) override {
    std::vector<ComponentTrace> traces;
    for (const ScoredResponse& response : responses) {
      ALARM_CHECK(poison_.empty() || response.text != poison_, "cannot score '{}'", response.text);
      traces.push_back(
          {.name = name_,
           .emissions = {{.token = 0, .value = static_cast<double>(response.text.size())}}});
    }
    return traces;
  }

 private:
  std::string name_;
  std::string poison_;
};

RewardPanel make_panel(std::unique_ptr<LengthSource> first, std::unique_ptr<LengthSource> second) {
  std::vector<std::unique_ptr<RewardSource>> sources;
  sources.push_back(std::move(first));
  sources.push_back(std::move(second));
  return RewardPanel(std::move(sources));
}

std::vector<ScoredResponse> responses(const std::vector<std::string>& texts) {
  std::vector<ScoredResponse> result;
  for (const std::string& text : texts) {
    result.push_back(testing::word_response(text));
    result.back().sample_id = static_cast<std::uint32_t>(100 + result.size());
  }
  return result;
}

TEST(RewardPanel, GivesATraceAResponseWithAllComponents) {
  RewardPanel panel =
      make_panel(std::make_unique<LengthSource>("a"), std::make_unique<LengthSource>("b"));

  const std::vector<RewardTrace> traces = panel.score(responses({"x", "xyz"}));

  ASSERT_EQ(traces.size(), 2U);
  EXPECT_EQ(panel.components(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(traces[1].find("a")->emissions.at(0).value, 3);
  EXPECT_EQ(traces[1].find("b")->emissions.at(0).value, 3);
  EXPECT_EQ(traces[1].find("c"), nullptr);
  EXPECT_TRUE(panel.score({}).empty());
}

TEST(RewardPanel, LosesOnlyTheResponseThatCannotBeScored) {
  RewardPanel panel =
      make_panel(std::make_unique<LengthSource>("a", "bad"), std::make_unique<LengthSource>("b"));
  const std::vector<ScoredResponse> batch = responses({"good", "bad", "better"});

  const std::vector<RewardTrace> traces = panel.score(batch);
  const std::vector<ScoreFailure> failures = list_failures(batch, traces);

  EXPECT_EQ(traces[0].find("a")->emissions.at(0).value, 4);
  EXPECT_TRUE(traces[1].find("a")->emissions.empty());
  EXPECT_EQ(traces[1].find("b")->emissions.at(0).value, 3);
  EXPECT_EQ(traces[2].find("a")->emissions.at(0).value, 6);
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].component, "a");
  EXPECT_EQ(failures[0].sample_id, 102U);
  EXPECT_NE(failures[0].message.find("cannot score 'bad'"), std::string::npos);
}

// As a model whose masks multiply one response's NaN by 0: every score of the batch is one.
class SpreadingSource final : public RewardSource {
 public:
  const std::string& name() const override { return name_; }
  Granularity granularity() const override { return Granularity::kResponse; }
  std::vector<ComponentTrace> score(std::span<const ScoredResponse> responses) override {
    const bool bad = std::ranges::any_of(
        responses, [](const ScoredResponse& response) { return response.text == "nan"; });
    ComponentTrace trace{.name = name_, .emissions = {{.value = 1}}};
    if (bad) trace = {.name = name_, .failure = "the model's score is nan", .nonfinite = true};
    return std::vector<ComponentTrace>(responses.size(), trace);
  }

 private:
  std::string name_ = "spreading";
};

TEST(RewardPanel, FindsTheResponseWhoseScoreIsNotANumber) {
  std::vector<std::unique_ptr<RewardSource>> sources;
  sources.push_back(std::make_unique<SpreadingSource>());
  RewardPanel panel(std::move(sources));

  const auto traces = panel.score(responses({"good", "nan", "better"}));

  EXPECT_EQ(traces[0].find("spreading")->emissions.at(0).value, 1);
  EXPECT_TRUE(traces[1].find("spreading")->nonfinite);
  EXPECT_EQ(traces[2].find("spreading")->failure, "");
  EXPECT_EQ(panel.timings()[0].failures, 1);
}

TEST(RewardPanel, CountsBySource) {
  RewardPanel panel =
      make_panel(std::make_unique<LengthSource>("a", "bad"), std::make_unique<LengthSource>("b"));

  panel.score(responses({"good", "bad"}));
  panel.score(responses({"x"}));

  ASSERT_EQ(panel.timings().size(), 2U);
  EXPECT_EQ(panel.timings()[0].name, "a");
  EXPECT_EQ(panel.timings()[0].responses, 3);
  EXPECT_EQ(panel.timings()[0].failures, 1);
  EXPECT_EQ(panel.timings()[1].failures, 0);
  EXPECT_GT(panel.timings()[0].seconds, 0);
  panel.reset_timings();
  EXPECT_EQ(panel.timings()[0].name, "a");
  EXPECT_EQ(panel.timings()[0].responses, 0);
}

TEST(RewardPanel, RefusesTwoSourcesOfOneComponent) {
  EXPECT_THROW(make_panel(std::make_unique<LengthSource>("a"), std::make_unique<LengthSource>("a")),
               Error);
}

}  // namespace
}  // namespace alarm_dist

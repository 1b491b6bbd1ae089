// SPDX-License-Identifier: Apache-2.0
#include "alarm/metrics/run_files.hpp"

#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

SampleRecord example_sample() {
  return {.step = 3,
          .sample_id = 17,
          .phase = "after",
          .record_id = "P00-1012",
          .aspect = "outcome",
          .prompt = "Summarise \"this\"\n",
          .response = "Caf\xc3\xa9 <b>",
          .reference = "A cafe.",
          .finish = "end_of_sequence",
          .tokens = {"Caf\xc3\xa9", " <b>", ""},
          .rewards = {0.1, 0, -2.5},
          .components = {{"holistic", {0, 0, -2.5}}, {"relevance", {0.1, 0, 0}}},
          .holistic = -0.5,
          .passed = true,
          .marks = {{0, 5}}};
}

void expect_equal(const SampleRecord& a, const SampleRecord& b) {
  EXPECT_EQ(a.step, b.step);
  EXPECT_EQ(a.sample_id, b.sample_id);
  EXPECT_EQ(a.phase, b.phase);
  EXPECT_EQ(a.record_id, b.record_id);
  EXPECT_EQ(a.aspect, b.aspect);
  EXPECT_EQ(a.prompt, b.prompt);
  EXPECT_EQ(a.response, b.response);
  EXPECT_EQ(a.reference, b.reference);
  EXPECT_EQ(a.finish, b.finish);
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(a.rewards, b.rewards);
  EXPECT_EQ(a.components, b.components);
  EXPECT_EQ(a.holistic, b.holistic);
  EXPECT_EQ(a.passed, b.passed);
  EXPECT_EQ(a.marks, b.marks);
}

TEST(Samples, ReadBackAsWritten) {
  const testing::TempDir dir;

  SampleWriter(dir.path()).write(example_sample());

  const auto samples = read_samples(dir.path());
  ASSERT_EQ(samples.size(), 1U);
  expect_equal(samples[0], example_sample());
}

TEST(Samples, CharactersCutByTheTokenizerMoveToTheTokenThatEndsThem) {
  const testing::TempDir dir;
  SampleRecord sample = example_sample();
  sample.tokens = {"Caf\xc3", "\xa9 <b>", "\xff"};  // and a byte that no character has

  SampleWriter(dir.path()).write(sample);

  EXPECT_EQ(read_samples(dir.path())[0].tokens,
            (std::vector<std::string>{"Caf", "\xc3\xa9 <b>", "\xef\xbf\xbd"}));
}

TEST(Samples, ResumingDropsThoseOfLaterSteps) {
  const testing::TempDir dir;
  SampleRecord sample = example_sample();
  {
    SampleWriter writer(dir.path());
    for (sample.step = 1; sample.step <= 4; ++sample.step) writer.write(sample);
  }

  SampleWriter(dir.path(), 2).write(sample);

  const auto samples = read_samples(dir.path());
  ASSERT_EQ(samples.size(), 3U);
  EXPECT_EQ(samples[1].step, 2);
  EXPECT_EQ(samples[2].step, 5);
}

TEST(Samples, ValuesMustMatchTheTokens) {
  const testing::TempDir dir;
  SampleRecord sample = example_sample();
  sample.components["relevance"].pop_back();

  EXPECT_THROW(SampleWriter(dir.path()).write(sample), Error);
}

TEST(EvaluationFile, ReadsBackAndJudgesDifferences) {
  const testing::TempDir dir;
  Evaluation evaluation{.split = "test"};
  evaluation.add("holistic", RowRole::kHolistic, {{0, 1, 0, 1}, {2, 3, 2.5, 3}}, 42);
  evaluation.add("relevance", RowRole::kAspect, {{0, 1, 0, 1}, {1, 0, 1, 0}}, 42);

  write_evaluation(dir.path(), evaluation);
  const auto read = read_evaluation(dir.path());

  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->prompts, 4);
  EXPECT_EQ(read->split, "test");
  const auto* holistic = read->find("holistic");
  ASSERT_NE(holistic, nullptr);
  EXPECT_DOUBLE_EQ(holistic->difference, 2.125);
  EXPECT_TRUE(holistic->significant);
  EXPECT_EQ(holistic->role, RowRole::kHolistic);
  EXPECT_EQ(holistic->interval.low, evaluation.rows[0].interval.low);
  EXPECT_FALSE(read->find("relevance")->significant);
  EXPECT_EQ(read->per_prompt.at("relevance").after, (std::vector<double>{1, 0, 1, 0}));
  EXPECT_EQ(read->find("grammar"), nullptr);
}

TEST(EvaluationFile, MissingIsNothingAndDamageIsAnError) {
  const testing::TempDir dir;

  EXPECT_FALSE(read_evaluation(dir.path()).has_value());
  testing::write_file(dir / "evaluation.json", "{\"prompts\": 3");
  EXPECT_THROW(read_evaluation(dir.path()), Error);
  testing::write_file(dir / "evaluation.json", "{\"prompts\": 3}");
  EXPECT_THROW(read_evaluation(dir.path()), Error);
}

TEST(RewardModelsFile, ReadsBackAsWritten) {
  const testing::TempDir dir;
  const std::vector<RewardModelSummary> models{
      {.name = "holistic",
       .kind = "pairwise",
       .accuracy = {{"other aspect", 60, 90}, {"all", 170, 200}},
       .seconds = 80},
      {.name = "relevance", .kind = "sentence labels", .accuracy = {}, .auc = 0.81, .seconds = 30}};

  write_reward_models(dir.path(), models);
  const auto read = read_reward_models(dir.path());

  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].accuracy[1].correct, 170);
  EXPECT_FALSE(read[0].auc.has_value());
  EXPECT_EQ(read[1].auc, 0.81);
  EXPECT_TRUE(read_reward_models(dir / "missing").empty());
}

}  // namespace
}  // namespace alarm_dist

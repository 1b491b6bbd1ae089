// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/training.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"

#include "reward/fake_encoder.hpp"
#include "reward/fake_tokenizer.hpp"

namespace alarm_dist {
namespace {

constexpr double kTolerance = 1e-9;

at::Tensor doubles(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

// -log sigmoid(d) = log(1 + e^-d), by an outside calculator: d = 2, -1, 0.
TEST(BradleyTerry, IsTheClosedForm) {
  const at::Tensor loss = bradley_terry_loss(doubles({3, 0, 7}), doubles({1, 1, 7}));

  EXPECT_NEAR(loss.item<double>(), 0.1269280110429725 + 1.3132616875182228 + 0.6931471805599453,
              kTolerance);
  EXPECT_NEAR(bradley_terry_loss(doubles({3}), doubles({1}), 2).item<double>(), 0.6931471805599453,
              kTolerance);
}

TEST(BradleyTerry, StaysFiniteFarFromZero) {
  EXPECT_NEAR(bradley_terry_loss(doubles({-1000}), doubles({0})).item<double>(), 1000, kTolerance);
  EXPECT_NEAR(bradley_terry_loss(doubles({1000}), doubles({0})).item<double>(), 0, kTolerance);
}

// d/dc -log sigmoid(c - r) = -(1 - sigmoid(c - r)), and the opposite for r.
TEST(BradleyTerry, HasTheClosedFormsGradient) {
  const at::Tensor chosen = doubles({3, 0}).set_requires_grad(true);
  const at::Tensor rejected = doubles({1, 1}).set_requires_grad(true);

  bradley_terry_loss(chosen, rejected).backward();

  EXPECT_NEAR(chosen.grad()[0].item<double>(), -0.1192029220221176, kTolerance);
  EXPECT_NEAR(chosen.grad()[1].item<double>(), -0.7310585786300049, kTolerance);
  EXPECT_NEAR(rejected.grad()[1].item<double>(), 0.7310585786300049, kTolerance);
}

TEST(BinaryCrossEntropy, IsTheClosedForm) {
  const at::Tensor logits = doubles({2, 2, -1, 0}).set_requires_grad(true);

  const at::Tensor loss = binary_cross_entropy_loss(logits, doubles({1, 0, 1, 0}));
  loss.backward();

  EXPECT_NEAR(loss.item<double>(),
              0.1269280110429725 + 2.1269280110429727 + 1.3132616875182228 + 0.6931471805599453,
              kTolerance);
  EXPECT_NEAR(logits.grad()[0].item<double>(), 0.8807970779778823 - 1,
              kTolerance);  // sigmoid(x) - y
  EXPECT_NEAR(logits.grad()[1].item<double>(), 0.8807970779778823, kTolerance);
  EXPECT_NEAR(logits.grad()[3].item<double>(), 0.5, kTolerance);
}

TEST(Losses, RejectShapesThatDoNotMatch) {
  EXPECT_THROW(bradley_terry_loss(doubles({1, 2}), doubles({1})), Error);
  EXPECT_THROW(binary_cross_entropy_loss(doubles({1, 2}), doubles({1})), Error);
  EXPECT_THROW(bradley_terry_sum(doubles({1, 2, 3})), Error);
}

// Scores are weight * sum of tokens of the first segment: chosen 60, rejected 58 with weight 1.
TEST(BradleyTerrySum, GoesThroughTheModelAndAddsUpOverShards) {
  Record record;
  record.question = "w10";
  const std::vector<PreferencePair> pairs = {
      {.record = &record, .chosen = "w47", .rejected = "w45"},
      {.record = &record, .chosen = "w5", .rejected = "w6"}};
  const InputTemplate input_template{.first = "{question} {response}", .second = ""};
  const testing::FakeTokenizer tokenizer;
  const testing::FakeEncoder model(1);

  const at::Tensor loss = bradley_terry_sum(model, tokenizer, input_template, pairs);
  loss.backward();

  EXPECT_NEAR(loss.item<double>(), 0.1269280110429725 + 1.3132616875182228, kTolerance);
  EXPECT_NEAR(model.weight().grad().item<double>(), -0.1192029220221176 * 2 + 0.7310585786300049,
              kTolerance);
  const std::span<const PreferencePair> all(pairs);
  const double shards =
      bradley_terry_sum(model, tokenizer, input_template, all.first(1)).item<double>() +
      bradley_terry_sum(model, tokenizer, input_template, all.last(1)).item<double>();
  EXPECT_NEAR(shards, loss.item<double>(), kTolerance);
}

TEST(CrossEntropySum, GoesThroughTheModel) {
  Record record;
  const std::vector<SentenceExample> examples = {
      {.record = &record, .sentence = "w4", .label = true},
      {.record = &record, .sentence = "w3", .label = false}};
  const testing::FakeEncoder model(0.5);

  const at::Tensor loss = cross_entropy_sum(model, testing::FakeTokenizer(),
                                            {.first = "{sentence}", .second = ""}, examples);

  // logits 0.5 * (1 + 4 + 2) = 3.5 and 3: log(1 + e^-3.5) + log(1 + e^3)
  EXPECT_NEAR(loss.item<double>(), std::log1p(std::exp(-3.5)) + std::log1p(std::exp(3.0)),
              kTolerance);
}

TEST(ScoreInputs, KeepsTheOrderAndTheBudget) {
  std::vector<EncoderInput> inputs;
  for (std::int64_t i = 0; i < 30; ++i) {
    const std::size_t length = static_cast<std::size_t>(1 + (i * 7) % 11);
    inputs.push_back({.tokens = std::vector<std::int64_t>(length, i),
                      .types = std::vector<std::int64_t>(length, 0)});
  }
  const testing::FakeEncoder model;

  const std::vector<double> scores = score_inputs(model, inputs, 20);

  ASSERT_EQ(scores.size(), inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_DOUBLE_EQ(scores[i], static_cast<double>(i * inputs[i].tokens.size()));
  }
  EXPECT_LE(model.largest_batch, 20);
  EXPECT_GE(model.batches, 9);
  EXPECT_EQ(score_inputs(model, {}, 20).size(), 0U);
  EXPECT_EQ(score_inputs(model, inputs, 1).size(),
            inputs.size());  // a sequence at least, whatever the budget
}

TEST(PairAccuracy, CountsByKind) {
  const std::vector<PreferencePair> pairs = {{.kind = PairKind::kOtherAspect},
                                             {.kind = PairKind::kOtherAspect},
                                             {.kind = PairKind::kCut},
                                             {.kind = PairKind::kCut}};
  const std::vector<double> scores = {2, 1, 1, 2, 3, 1, 1, 1};  // right, wrong, right, tie

  PairAccuracy accuracy = measure_pairs(pairs, scores);

  EXPECT_DOUBLE_EQ(accuracy.of(PairKind::kOtherAspect).value(), 0.5);
  EXPECT_DOUBLE_EQ(accuracy.of(PairKind::kCut).value(), 0.5);
  EXPECT_FALSE(accuracy.of(PairKind::kShuffled).has_value());
  EXPECT_EQ(accuracy.by_name(),
            (std::map<std::string, double>{{"other_aspect", 0.5}, {"cut", 0.5}, {"all", 0.5}}));

  accuracy.merge(measure_pairs(std::span(pairs).first(1), std::span(scores).first(2)));
  EXPECT_DOUBLE_EQ(accuracy.of(PairKind::kOtherAspect).value(), 2.0 / 3);
  // Shares 0.4 and 0.1 of what was seen: (0.4 * 2/3 + 0.1 * 1/2) / 0.5
  EXPECT_NEAR(accuracy.mixture({}).value(), 0.6333333333333333, kTolerance);
  EXPECT_FALSE(PairAccuracy{}.mixture({}).has_value());
  EXPECT_THROW(measure_pairs(pairs, std::span(scores).first(3)), Error);
}

TEST(AreaUnderCurve, IsTheShareOfOrderedPairs) {
  EXPECT_DOUBLE_EQ(area_under_curve(std::vector<double>{1, 2, 3, 4}, {false, false, true, true}),
                   1);
  EXPECT_DOUBLE_EQ(area_under_curve(std::vector<double>{4, 3, 2, 1}, {false, false, true, true}),
                   0);
  EXPECT_DOUBLE_EQ(area_under_curve(std::vector<double>{1, 1, 1}, {false, true, true}), 0.5);
  // positives 0.35, 0.8; negatives 0.1, 0.4: three of four pairs (the example of scikit-learn's
  // documentation)
  EXPECT_DOUBLE_EQ(
      area_under_curve(std::vector<double>{0.1, 0.4, 0.35, 0.8}, {false, false, true, true}), 0.75);
  EXPECT_THROW(area_under_curve(std::vector<double>{1, 2}, {true, true}), Error);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(area_under_curve(std::vector<double>{1, nan}, {true, false}), Error);
}

TEST(AreaUnderCurve, AgreesWithEnumeration) {
  std::vector<double> scores;
  std::vector<bool> labels;
  for (std::uint32_t i = 0; i < 200; ++i) {
    scores.push_back(static_cast<double>(draw_below({.sample = i}, 40)));  // many ties
    labels.push_back(draw_uniform({.step = 1, .sample = i}) < 0.3);
  }
  double above = 0;
  double pairs = 0;
  for (std::size_t p = 0; p < scores.size(); ++p) {
    for (std::size_t n = 0; n < scores.size(); ++n) {
      if (!labels[p] || labels[n]) continue;
      pairs += 1;
      above += scores[p] > scores[n] ? 1 : scores[p] == scores[n] ? 0.5 : 0;
    }
  }

  EXPECT_NEAR(area_under_curve(scores, labels), above / pairs, kTolerance);
}

}  // namespace
}  // namespace alarm_dist

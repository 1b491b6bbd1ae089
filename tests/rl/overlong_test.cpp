// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/overlong.hpp"

#include "alarm/base/error.hpp"
#include "alarm/rl/aggregate.hpp"

#include "rl/numbers.hpp"

namespace alarm_dist::testing {
namespace {

std::vector<std::int64_t> offsets_of(const std::vector<std::int64_t>& lengths) {
  std::vector<std::int64_t> offsets = {0};
  for (const auto length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

at::Tensor flags(const std::vector<double>& values) { return numbers(values).to(at::kBool); }

// specs 11.5: at most 20 tokens, 5 of them a buffer.
TEST(OverlongPenalty, ReproducesTheGoldenNumbers) {
  const auto offsets = offsets_of({14, 15, 16, 18, 20});

  expect_near(overlong_penalties(offsets, {.longest_tokens = 20, .buffer_tokens = 5}),
              {0, 0, -.2, -.6, -1});
}

TEST(OverlongPenalty, StaysAtItsFactorBeyondTheLongest) {
  expect_near(overlong_penalties(offsets_of({0, 19, 25}),
                                 {.longest_tokens = 20, .buffer_tokens = 4, .factor = .5}),
              {0, -.375, -.5});
}

TEST(OverlongPenalty, RefusesABufferThatDoesNotFit) {
  EXPECT_THROW(overlong_penalties(offsets_of({1}), {.longest_tokens = 4, .buffer_tokens = 5}),
               Error);
  EXPECT_THROW(overlong_penalties(offsets_of({1}), {.longest_tokens = 4, .buffer_tokens = 0}),
               Error);
}

TEST(OverlongFiltering, TakesWholeResponsesOutOfTheLoss) {
  const auto offsets = offsets_of({2, 1, 0, 3});

  const auto kept_T = keep_finished(offsets, flags({0, 1, 0, 0}));

  expect_near(kept_T.to(at::kDouble), {1, 1, 0, 1, 1, 1});
  EXPECT_THROW(keep_finished(offsets, flags({0, 1})), Error);
}

TEST(OverlongFiltering, LeavesTheDenominatorsToo) {
  const auto offsets = offsets_of({2, 1, 3});
  const auto kept_T = keep_finished(offsets, flags({0, 1, 0}));
  const auto losses_T = numbers({1, 2, 1000, 3, 4, 5});
  auto counts = count_losses(offsets, kept_T);
  counts.fixed_length = 3;
  const auto aggregate = [&](Aggregation kind) {
    return scalar((losses_T * aggregation_weights(offsets, kind, counts, kept_T)).sum());
  };

  EXPECT_EQ(counts.tokens, 5);
  EXPECT_EQ(counts.responses, 2);
  EXPECT_NEAR(aggregate(Aggregation::kTokenMean), 3.0, kTolerance);
  EXPECT_NEAR(aggregate(Aggregation::kSequenceMeanTokenMean), 2.75, kTolerance);
  EXPECT_NEAR(aggregate(Aggregation::kSequenceMeanTokenSum), 7.5, kTolerance);
  EXPECT_NEAR(aggregate(Aggregation::kFixedLength), 2.5, kTolerance);
}

// A response of which an off-policy correction rejected single tokens is as long as what is left.
TEST(OverlongFiltering, CountsKeptTokensOfAResponse) {
  const auto offsets = offsets_of({2, 3});
  const auto kept_T = flags({1, 0, 1, 1, 0});

  const auto weights_T = aggregation_weights(offsets, Aggregation::kSequenceMeanTokenMean,
                                             count_losses(offsets, kept_T), kept_T);

  expect_near(weights_T, {.5, 0, .25, .25, 0});
  EXPECT_THROW(count_losses(offsets, flags({1, 0})), Error);
}

}  // namespace
}  // namespace alarm_dist::testing

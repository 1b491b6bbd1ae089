// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/aggregate.hpp"

#include <array>

#include "alarm/base/error.hpp"

#include "rl/numbers.hpp"

namespace alarm_dist::testing {
namespace {

constexpr std::array kAll = {Aggregation::kTokenMean, Aggregation::kSequenceMeanTokenMean,
                             Aggregation::kSequenceMeanTokenSum, Aggregation::kFixedLength};

double aggregate(const at::Tensor& losses_T, std::span<const std::int64_t> offsets,
                 Aggregation kind, const LossCounts& global) {
  return scalar((losses_T * aggregation_weights(offsets, kind, global)).sum());
}

// specs 11.4: losses [[1, 2], [3, 4, 5]].
TEST(Aggregation, ReproducesTheGoldenNumbers) {
  const std::vector<std::int64_t> offsets = {0, 2, 5};
  const auto losses_T = numbers({1, 2, 3, 4, 5});
  auto counts = count_losses(offsets);
  counts.fixed_length = 3;

  EXPECT_NEAR(aggregate(losses_T, offsets, Aggregation::kTokenMean, counts), 3.0, kTolerance);
  EXPECT_NEAR(aggregate(losses_T, offsets, Aggregation::kSequenceMeanTokenMean, counts), 2.75,
              kTolerance);
  EXPECT_NEAR(aggregate(losses_T, offsets, Aggregation::kSequenceMeanTokenSum, counts), 7.5,
              kTolerance);
  EXPECT_NEAR(aggregate(losses_T, offsets, Aggregation::kFixedLength, counts), 2.5, kTolerance);
}

TEST(Aggregation, DoesNotDependOnTheSplit) {
  const std::vector<std::int64_t> whole = {0, 2, 2, 5};
  const std::vector<std::int64_t> left = {0, 2};
  const std::vector<std::int64_t> right = {0, 0, 3};
  const auto losses_T = numbers({1, 2, 3, 4, 5});
  auto counts = count_losses(whole);
  counts.fixed_length = 8;

  for (const auto kind : kAll) {
    EXPECT_NEAR(aggregate(losses_T, whole, kind, counts),
                aggregate(losses_T.slice(0, 0, 2), left, kind, counts) +
                    aggregate(losses_T.slice(0, 2), right, kind, counts),
                1e-14);
  }
}

TEST(Aggregation, LeavesEmptyResponsesOutOfTheCount) {
  const std::vector<std::int64_t> offsets = {0, 0, 2, 2};

  EXPECT_EQ(count_losses(offsets).responses, 1);
  EXPECT_EQ(count_losses(offsets).tokens, 2);
}

TEST(Aggregation, TakesARankWithoutTokens) {
  const std::vector<std::int64_t> nothing = {0};

  for (const auto kind : kAll) {
    EXPECT_EQ(aggregation_weights(nothing, kind, {.tokens = 9, .responses = 3, .fixed_length = 4})
                  .numel(),
              0);
  }
}

TEST(Aggregation, RefusesCountsThatCannotBeGlobal) {
  const std::vector<std::int64_t> offsets = {0, 2};

  EXPECT_THROW(aggregation_weights(offsets, Aggregation::kTokenMean, {.tokens = 1, .responses = 1}),
               Error);
  EXPECT_THROW(
      aggregation_weights(offsets, Aggregation::kFixedLength, {.tokens = 2, .responses = 1}),
      Error);
}

}  // namespace
}  // namespace alarm_dist::testing

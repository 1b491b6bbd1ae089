// SPDX-License-Identifier: Apache-2.0
#include "alarm/text/prompt_stream.hpp"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

std::vector<std::int64_t> first_records(const PromptStream& stream, std::int64_t prompts_per_step,
                                        std::int64_t count) {
  std::vector<std::int64_t> out;
  for (std::int64_t i = 0; i < count; ++i)
    out.push_back(stream.record(i / prompts_per_step, i % prompts_per_step));
  return out;
}

TEST(PromptStream, EveryRecordOnceAnEpoch) {
  for (const std::int64_t records : {1, 2, 3, 7, 64, 65, 300, 1000}) {
    const auto order = first_records({5, records, 1}, 1, 3 * records);
    std::vector<std::int64_t> all(static_cast<std::size_t>(records));
    std::iota(all.begin(), all.end(), 0);
    for (auto epoch = order.begin(); epoch != order.end(); epoch += records) {
      EXPECT_TRUE(std::is_permutation(epoch, epoch + records, all.begin())) << records;
    }
  }
}

TEST(PromptStream, EpochsDiffer) {
  const auto order = first_records({5, 300, 1}, 1, 600);

  EXPECT_FALSE(std::equal(order.begin(), order.begin() + 300, order.begin() + 300));
}

TEST(PromptStream, StepsOnlyCutTheSameOrder) {
  const auto by_one = first_records({9, 150, 1}, 1, 480);

  EXPECT_EQ(first_records({9, 150, 16}, 16, 480), by_one);
  EXPECT_EQ(first_records({9, 150, 7}, 7, 480), by_one);
  EXPECT_EQ(first_records({9, 150, 480}, 480, 480), by_one);  // a step of several epochs
}

TEST(PromptStream, DiffersBySeed) {
  EXPECT_NE(first_records({1, 300, 1}, 1, 300), first_records({2, 300, 1}, 1, 300));
}

// The first record of an epoch is uniform over the records: chi-square with 9 degrees of
// freedom, 27.9 is the 0.1% point.
TEST(PromptStream, PositionsAreUniformOverSeeds) {
  constexpr int kSeeds = 5000;
  constexpr std::int64_t kRecords = 10;
  for (const std::int64_t position : {0, 4, 9}) {
    std::vector<double> counts(kRecords, 0);
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      counts[static_cast<std::size_t>(
          PromptStream(seed, kRecords, kRecords).record(0, position))] += 1;
    }
    double chi_square = 0;
    for (const double count : counts) {
      const double expected = static_cast<double>(kSeeds) / kRecords;
      chi_square += (count - expected) * (count - expected) / expected;
    }
    EXPECT_LT(chi_square, 27.9) << "position " << position;
  }
}

// Pinned: a run must walk the same prompts after every change of the code.
TEST(PromptStream, OrderIsPartOfTheContract) {
  EXPECT_EQ(first_records({42, 300, 1}, 1, 8),
            (std::vector<std::int64_t>{43, 274, 103, 164, 82, 25, 292, 209}));
}

TEST(PromptStream, CountsEpochs) {
  EXPECT_DOUBLE_EQ(PromptStream(1, 300, 16).epoch(0), 0.0);
  EXPECT_DOUBLE_EQ(PromptStream(1, 300, 150).epoch(3), 1.5);
}

TEST(PromptStream, RefusesWhatIsOutOfRange) {
  EXPECT_THROW(PromptStream(1, 0, 1), Error);
  EXPECT_THROW(PromptStream(1, 1, 0), Error);
  EXPECT_THROW(PromptStream(1, 10, 4).record(0, 4), Error);
  EXPECT_THROW(PromptStream(1, 10, 4).record(-1, 0), Error);
}

}  // namespace
}  // namespace alarm_dist

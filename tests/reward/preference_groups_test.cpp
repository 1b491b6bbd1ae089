// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/preference_groups.hpp"

#include <map>

#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

Dataset make_papers(std::int64_t papers) {
  std::vector<Record> records;
  for (std::int64_t p = 0; p < papers; ++p) {
    for (const char* aspect : {"challenge", "approach", "outcome"}) {
      Record record;
      record.id = fmt::format("{}/{}", p, aspect);
      record.aspect = aspect;
      record.reference =
          fmt::format("the {} of paper number {} is long enough to cut and shuffle", aspect, p);
      records.push_back(record);
    }
  }
  return {"papers", records, 0};
}

ModelWritten write_all(const Dataset& dataset) {
  ModelWritten written;
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    written.sampled[i] = fmt::format("Sampled {}. And more.", i);
    written.continued[i] = fmt::format("Continued {}. And more.", i);
  }
  return written;
}

TEST(PreferenceGroups, HaveTheMixtureExactly) {
  const auto dataset = make_papers(12);

  const auto pairs = make_preference_groups(dataset, write_all(dataset), 1, 0);

  std::map<PairKind, int> counts;
  for (const auto& pair : pairs) {
    counts[pair.kind] += 1;
    EXPECT_EQ(pair.chosen, pair.record->reference);
    EXPECT_NE(pair.rejected, pair.chosen);
  }
  EXPECT_EQ(pairs.size(), 36U * 5);
  EXPECT_EQ(counts[PairKind::kOtherAspect], 72);
  EXPECT_EQ(counts[PairKind::kOtherPaper], 36);
  EXPECT_EQ(counts[PairKind::kModelWritten], 36);
  EXPECT_EQ(counts[PairKind::kShuffled] + counts[PairKind::kCut], 36);
  EXPECT_EQ(group_offsets(pairs).size(), 36U + 1);
}

TEST(PreferenceGroups, GiveEachSortOfModelWrittenAnswerItsThird) {
  const auto dataset = make_papers(4);
  std::map<std::string, std::string> rejected;
  for (const auto& pair : make_preference_groups(dataset, write_all(dataset), 1, 0)) {
    if (pair.kind == PairKind::kModelWritten) rejected[pair.record->id] = pair.rejected;
  }

  EXPECT_EQ(rejected.at("0/challenge"), "Sampled 0.");           // even paper: the first sentence
  EXPECT_EQ(rejected.at("1/approach"), "Sampled 4. And more.");  // odd paper: whole
  EXPECT_EQ(rejected.at("0/approach"), "Continued 1.");          // its own
  EXPECT_EQ(rejected.at("0/outcome"), "Continued 5.");           // the next paper's, same aspect
  EXPECT_EQ(rejected.at("3/outcome"), "Continued 2.");  // after the last paper comes the first
}

TEST(PreferenceGroups, DifferByEpochAndRepeatBySeed) {
  const auto dataset = make_papers(5);
  const auto texts = [&](std::uint64_t seed, std::int64_t epoch) {
    std::string all;
    for (const auto& pair : make_preference_groups(dataset, {}, seed, epoch))
      all += pair.record->id + pair.rejected + "\n";
    return all;
  };

  EXPECT_EQ(texts(1, 0), texts(1, 0));
  EXPECT_NE(texts(1, 0), texts(1, 1));
  EXPECT_NE(texts(1, 0), texts(2, 0));
}

TEST(PreferenceGroups, NeedTwoPapersWithThreeAspects) {
  EXPECT_THROW(make_preference_groups(make_papers(1), {}, 1, 0), Error);
}

}  // namespace
}  // namespace alarm_dist

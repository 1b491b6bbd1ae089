// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/pairs.hpp"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

#include "reward/draws.hpp"
#include "reward/small_dataset.hpp"

namespace alarm_dist {
namespace {

using ::testing::HasSubstr;

TextsByRecord model_texts(const Dataset& dataset) {
  TextsByRecord texts;
  for (const Record& record : dataset.records())
    texts[record.id] = {"Model one on " + record.id, "Model two on " + record.id};
  return texts;
}

std::map<PairKind, int> count_kinds(const std::vector<PreferencePair>& pairs) {
  std::map<PairKind, int> counts;
  for (const PreferencePair& pair : pairs) counts[pair.kind] += 1;
  return counts;
}

std::vector<std::string> sorted_words(const std::string& text) {
  std::vector<std::string> words = split_words(text);
  std::sort(words.begin(), words.end());
  return words;
}

bool same_paper(const PreferencePair& pair) {
  const std::string paper = pair.record->id.substr(1, pair.record->id.find('/') - 1);
  return pair.rejected.find("paper " + paper + " ") != std::string::npos;
}

TEST(MakePairs, GivesEachKindItsShare) {
  const Dataset dataset = testing::small_dataset(10);

  const auto pairs = make_pairs(dataset, {}, model_texts(dataset), 200, 7);

  EXPECT_EQ(count_kinds(pairs), (std::map<PairKind, int>{{PairKind::kOtherAspect, 80},
                                                         {PairKind::kOtherPaper, 40},
                                                         {PairKind::kModelWritten, 40},
                                                         {PairKind::kShuffled, 20},
                                                         {PairKind::kCut, 20}}));
  EXPECT_EQ(make_pairs(dataset, {}, model_texts(dataset), 7, 7).size(), 7U);
  EXPECT_TRUE(make_pairs(dataset, {}, model_texts(dataset), 0, 7).empty());
}

TEST(MakePairs, RejectsWhatTheKindSays) {
  const Dataset dataset = testing::small_dataset(6);

  for (const PreferencePair& pair : make_pairs(dataset, {}, model_texts(dataset), 300, 3)) {
    EXPECT_EQ(pair.chosen, pair.record->reference);
    EXPECT_NE(pair.rejected, pair.chosen);
    const bool same_aspect =
        pair.rejected.find("Summary " + pair.record->aspect) != std::string::npos;
    switch (pair.kind) {
      case PairKind::kOtherAspect:
        EXPECT_TRUE(same_paper(pair) && !same_aspect) << pair.rejected;
        break;
      case PairKind::kOtherPaper:
        EXPECT_TRUE(!same_paper(pair) && same_aspect) << pair.rejected;
        break;
      case PairKind::kModelWritten:
        EXPECT_THAT(pair.rejected, HasSubstr("on " + pair.record->id));
        break;
      case PairKind::kShuffled: {
        const auto before = sorted_words(pair.chosen);
        const auto after = sorted_words(pair.rejected);
        EXPECT_TRUE(std::includes(after.begin(), after.end(), before.begin(), before.end()))
            << pair.rejected;
        break;
      }
      case PairKind::kCut:
        EXPECT_TRUE(pair.chosen.starts_with(pair.rejected)) << pair.rejected;
        break;
    }
  }
}

TEST(MakePairs, IsAFunctionOfTheSeed) {
  const Dataset dataset = testing::small_dataset(5);
  const auto texts = [&](std::uint64_t seed) {
    std::vector<std::string> result;
    for (const auto& pair : make_pairs(dataset, {}, model_texts(dataset), 60, seed)) {
      result.push_back(pair.record->id + "|" + pair.rejected);
    }
    return result;
  };

  EXPECT_EQ(texts(1), texts(1));
  EXPECT_NE(texts(1), texts(2));
}

TEST(MakePairs, UsesEveryRecordBeforeAnyAgain) {
  const Dataset dataset = testing::small_dataset(4);  // 12 records

  const auto pairs = make_pairs(
      dataset, {.other_aspect = 1, .other_paper = 0, .model_written = 0, .shuffled = 0, .cut = 0},
      {}, 24, 5);

  std::map<std::string, int> uses;
  for (const PreferencePair& pair : pairs) uses[pair.record->id] += 1;
  EXPECT_EQ(uses.size(), 12U);
  for (const auto& [id, count] : uses) EXPECT_EQ(count, 2) << id;
}

TEST(MakePairs, MixesTheKinds) {
  const Dataset dataset = testing::small_dataset(10);

  const auto pairs = make_pairs(dataset, {}, model_texts(dataset), 200, 7);

  std::set<PairKind> early;
  for (std::size_t i = 0; i < 40; ++i) early.insert(pairs[i].kind);
  EXPECT_EQ(early.size(), 5U);
}

TEST(MakePairs, SaysWhatItCannotMake) {
  const auto message_of = [](const Dataset& dataset, const PairMix& mix) -> std::string {
    try {
      make_pairs(dataset, mix, {}, 10, 1);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  const PairMix no_model{.model_written = 0};

  EXPECT_THAT(message_of(testing::small_dataset(3), {}), HasSubstr("model_written"));
  EXPECT_EQ(message_of(testing::small_dataset(3), no_model), "no error");
  EXPECT_THAT(message_of(testing::small_dataset(1), no_model), HasSubstr("other_paper"));
  EXPECT_THAT(message_of(testing::small_dataset(0), no_model), HasSubstr("other_aspect"));
  EXPECT_THAT(message_of(testing::small_dataset(3), {.cut = -1}), HasSubstr("-1"));
  Dataset blank("blank", {Record{}}, 0);
  EXPECT_THAT(
      message_of(
          blank,
          {.other_aspect = 0, .other_paper = 0, .model_written = 0, .shuffled = 1, .cut = 0}),
      HasSubstr("shuffled"));
}

TEST(Spoil, CutsToAPartAndDropsTheEnd) {
  const std::string text = "One two three four five, six seven eight nine ten.";
  for (std::uint32_t draw = 0; draw < 50; ++draw) {
    const std::string cut = cut_short(text, 1, draw);
    const std::size_t words = split_words(cut).size();
    EXPECT_GE(words, 3U);
    EXPECT_LE(words, 7U);
    EXPECT_NE(cut.back(), ',');
  }
  EXPECT_EQ(cut_short("", 1, 0), "");
}

TEST(Spoil, ShufflesOrRepeats) {
  const std::string text = "One two three four five six.";
  int repeated = 0;
  for (std::uint32_t draw = 0; draw < 100; ++draw) {
    const std::string spoilt = shuffle_or_repeat_words(text, 1, draw);
    EXPECT_NE(spoilt, text);
    repeated += split_words(spoilt).size() > 6 ? 1 : 0;
  }
  EXPECT_NEAR(repeated, 50, 20);
  EXPECT_THAT(shuffle_or_repeat_words("Word.", 1, 3), HasSubstr("Word. Word."));
  EXPECT_EQ(shuffle_or_repeat_words("", 1, 0), "");
}

}  // namespace
}  // namespace alarm_dist

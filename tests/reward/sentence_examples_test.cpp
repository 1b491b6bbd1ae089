// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/sentence_examples.hpp"

#include <set>

#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

#include "reward/small_dataset.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

std::map<SentenceKind, int> count_kinds(const std::vector<SentenceExample>& examples) {
  std::map<SentenceKind, int> counts;
  for (const SentenceExample& example : examples) counts[example.kind] += 1;
  return counts;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Relevance, ListsEveryLabelledSentenceForEveryRecord) {
  const Dataset dataset = testing::small_dataset(2);

  const auto examples = all_relevance_examples(dataset);

  // 6 records of 5 sentences that are long enough: 1 is evidence, 2 are for other aspects, 2 for
  // none.
  EXPECT_EQ(examples.size(), 30U);
  EXPECT_EQ(count_kinds(examples), (std::map<SentenceKind, int>{{SentenceKind::kEvidence, 6},
                                                                {SentenceKind::kOtherEvidence, 12},
                                                                {SentenceKind::kNoEvidence, 12}}));
  for (const auto& example : examples) {
    EXPECT_EQ(example.label, contains(example.sentence, "about " + example.record->aspect))
        << example.sentence;
  }
}

TEST(Relevance, BalancesTheClasses) {
  const Dataset dataset = testing::small_dataset(8);

  const auto examples = make_relevance_examples(dataset, 48, 3);

  EXPECT_EQ(count_kinds(examples), (std::map<SentenceKind, int>{{SentenceKind::kEvidence, 24},
                                                                {SentenceKind::kOtherEvidence, 12},
                                                                {SentenceKind::kNoEvidence, 12}}));
  std::set<std::string> positives;
  for (const auto& example : examples) {
    EXPECT_EQ(example.label, example.kind == SentenceKind::kEvidence);
    if (example.label) positives.insert(example.record->id);
  }
  EXPECT_EQ(positives.size(), 24U);  // all 24 positives once
  EXPECT_EQ(make_relevance_examples(dataset, 7, 3).size(), 7U);
  EXPECT_TRUE(make_relevance_examples(dataset, 0, 3).empty());
}

TEST(Relevance, NamesAClassWithoutSentences) {
  EXPECT_THROW(make_relevance_examples(Dataset("none", {Record{}}, 0), 4, 1), Error);
}

TEST(Groundedness, MakesSentencesThatRestOnTheDocumentOrDoNot) {
  const Dataset dataset =
      testing::small_dataset(9);  // single digits, so that "paper 1" is no part of "paper 10"

  const auto examples = make_groundedness_examples(dataset, 80, 5);

  EXPECT_EQ(count_kinds(examples), (std::map<SentenceKind, int>{{SentenceKind::kGrounded, 40},
                                                                {SentenceKind::kOtherPaper, 20},
                                                                {SentenceKind::kSwapped, 20}}));
  for (const auto& example : examples) {
    const std::string& paper = example.record->document;
    const std::string own = "paper " + example.record->id.substr(1, 1) + " ";
    const bool rests = contains(paper, example.sentence) || contains(example.sentence, own);
    EXPECT_EQ(rests, example.label)
        << to_string(example.kind) << ": " << example.sentence << " / " << paper;
    EXPECT_EQ(example.label, example.kind == SentenceKind::kGrounded);
  }
}

TEST(Groundedness, NeedsTwoDocuments) {
  EXPECT_THROW(make_groundedness_examples(testing::small_dataset(1), 4, 1), Error);
}

TEST(Examples, AreFunctionsOfTheSeed) {
  const Dataset dataset = testing::small_dataset(6);
  const auto texts = [&](const auto& make, std::uint64_t seed) {
    std::vector<std::string> result;
    for (const auto& example : make(dataset, 40, seed))
      result.push_back(example.record->id + example.sentence);
    return result;
  };

  EXPECT_EQ(texts(make_relevance_examples, 1), texts(make_relevance_examples, 1));
  EXPECT_NE(texts(make_relevance_examples, 1), texts(make_relevance_examples, 2));
  EXPECT_EQ(texts(make_groundedness_examples, 1), texts(make_groundedness_examples, 1));
  EXPECT_NE(texts(make_groundedness_examples, 1), texts(make_groundedness_examples, 2));
}

TEST(SwapFacts, ChangesNumbersAndNamesAndNothingElse) {
  for (std::uint32_t draw = 0; draw < 50; ++draw) {
    const std::string swapped =
        swap_facts("We reach 91.5 points (BLEU) with Smith's model, by 3%.", {"ROUGE"}, 1, draw);

    EXPECT_TRUE(swapped.starts_with("We reach ")) << swapped;
    EXPECT_TRUE(contains(swapped, " points (ROUGE) with ROUGE model, by ")) << swapped;
    EXPECT_TRUE(swapped.ends_with("%.")) << swapped;
    EXPECT_FALSE(contains(swapped, "91.5") || contains(swapped, " 3%")) << swapped;
  }
}

TEST(SwapFacts, LeavesASentenceWithoutFacts) {
  EXPECT_EQ(swap_facts("We propose a better method.", {"ROUGE"}, 1, 0),
            "We propose a better method.");
  EXPECT_EQ(swap_facts("", {}, 1, 0), "");
  EXPECT_EQ(swap_facts("It beats Rouge here.", {}, 1, 0), "It beats Rouge here.");
}

TEST(NamesIn, FindsCapitalsInsideTheSentence) {
  EXPECT_EQ(names_in("BERT beats the Model-2 of Smith, as We said."),
            (std::vector<std::string>{"BERT", "Model-2", "Smith", "We"}));
  EXPECT_TRUE(names_in("However, nothing is named.").empty());
}

// The annotators' labels of the validation papers, counted by an outside script: see
// tests/golden/aclsum_relevance.py.
TEST(Relevance, CountsTheLabelsOfAclSum) {
  const auto file = testing::source_dir() / ".deps/site/aclsum/dataset/val.jsonl";
  const Dataset dataset = load_aclsum({.file = file});

  const auto examples = all_relevance_examples(dataset, 0);
  const auto counts = count_kinds(examples);

  EXPECT_EQ(dataset.size(), 150);
  EXPECT_EQ(counts.at(SentenceKind::kEvidence), 737);
  EXPECT_EQ(counts.at(SentenceKind::kOtherEvidence), 1447);
  EXPECT_EQ(counts.at(SentenceKind::kNoEvidence), 3750);
}

}  // namespace
}  // namespace alarm_dist

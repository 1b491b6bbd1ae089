// SPDX-License-Identifier: Apache-2.0
#include "reward/link_grammar_parser.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "alarm/base/clock.hpp"
#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"

namespace alarm_dist {
namespace {

// One dictionary for all tests: it takes a tenth of a second to open.
const LinkGrammarParser& english() {
  static const LinkGrammarParser parser("en");
  return parser;
}

std::vector<std::string> null_words(const std::string& text) {
  std::vector<std::string> words;
  for (const ParsedWord& word : english().parse(text)) {
    if (!word.linked)
      words.push_back(text.substr(word.span.begin, word.span.end - word.span.begin));
  }
  return words;
}

std::string random_words(std::size_t count, std::uint32_t trial) {
  const std::vector<std::string> vocabulary = {
      "of",    "the",  "and", "to",  "in",    "which", "that", "for",  "it",
      "as",    "was",  "by",  "on",  "model", "he",    "who",  "more", "if",
      "shows", "from", "or",  "had", "they",  "data",  "their"};
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    const auto pick =
        draw_below({.step = trial, .token = static_cast<std::uint32_t>(i)}, vocabulary.size());
    text += (i > 0 ? " " : "") + vocabulary[pick];
  }
  return text;
}

// The facts that were measured with the library's own command line program (shared MATERIALS).
TEST(LinkGrammarParser, FindsTheNullWordsThatTheLibraryIsKnownToFind) {
  EXPECT_TRUE(null_words("The quick brown fox jumps over the lazy dog.").empty());
  EXPECT_EQ(null_words("She had a apple.").size(), 1U);
  EXPECT_EQ(null_words("He go to school yesterday.").size(), 1U);
  EXPECT_GE(null_words("Dog the fox lazy the over brown jumps quick of a the.").size(), 3U);
}

TEST(LinkGrammarParser, ReturnsWordsWithTheirBytes) {
  const std::string text = "She had a apple.";

  const std::vector<ParsedWord> words = english().parse(text);

  ASSERT_EQ(words.size(), 4U);  // the full stop is no word
  EXPECT_EQ(words[0].span, (Span{0, 3}));
  EXPECT_EQ(words[2].span, (Span{8, 9}));
  EXPECT_EQ(words[3].span, (Span{10, 15}));
  EXPECT_EQ(null_words(text), std::vector<std::string>{"a"});
}

TEST(LinkGrammarParser, CountsBytesOfUtf8) {
  const std::string text =
      "A na\xc3\xafve caf\xc3\xa9 owner, \xe2\x80\x9cZo\xc3\xab\xe2\x80\x9d, had a apple.";

  const std::vector<std::string> nulls = null_words(text);

  ASSERT_FALSE(nulls.empty());
  EXPECT_EQ(nulls.back(), "a");
  EXPECT_EQ(
      std::count_if(nulls.begin(), nulls.end(), [](const auto& word) { return word[0] == '\xe2'; }),
      0);
}

TEST(LinkGrammarParser, FindsNoWordsWhereThereAreNone) {
  EXPECT_TRUE(english().parse("").empty());
  EXPECT_TRUE(english().parse(" \n\t ").empty());
  EXPECT_TRUE(english().parse("... !!! \xe2\x80\x94 ?").empty());
}

TEST(LinkGrammarParser, SurvivesWhatIsNoText) {
  const std::string zero("He \0 slept.", 11);
  EXPECT_EQ(english().parse(zero).size(), 2U);
  EXPECT_EQ(english().parse("\xff\xfe broken \xc3").size(), 1U);
  EXPECT_EQ(null_words(std::string(5000, 'a')).size(), 1U);
  EXPECT_EQ(null_words("\xe4\xbd\xa0\xe5\xa5\xbd \xe4\xb8\x96\xe7\x95\x8c").size() <= 2U, true);
}

TEST(LinkGrammarParser, TakesBoundedTimeOnSixtyWordsInRandomOrder) {
  const Stopwatch watch;
  for (std::uint32_t trial = 0; trial < 3; ++trial) {
    const std::vector<ParsedWord> words = english().parse(random_words(60, trial));
    EXPECT_EQ(words.size(), 60U);
    EXPECT_GE(
        std::count_if(words.begin(), words.end(), [](const auto& word) { return !word.linked; }),
        10);
  }

  EXPECT_LT(watch.seconds(), 30) << "a full search takes minutes";
}

TEST(LinkGrammarParser, StopsParsingInATextWithoutEnd) {
  const Stopwatch watch;
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "word ";

  const std::vector<ParsedWord> words = english().parse(text);

  EXPECT_EQ(words.size(), 3000U);
  EXPECT_FALSE(words.back().linked);
  EXPECT_LT(watch.seconds(), 30);
}

TEST(LinkGrammarParser, GivesTheSameAnswerAgain) {
  const std::string text = random_words(30, 9);

  const std::vector<std::string> first = null_words(text);

  EXPECT_EQ(null_words(text), first);
}

TEST(LinkGrammarParser, NamesADictionaryThatIsMissing) {
  try {
    const LinkGrammarParser parser("tlh");
    FAIL() << "there is no Klingon dictionary";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'tlh'"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace alarm_dist

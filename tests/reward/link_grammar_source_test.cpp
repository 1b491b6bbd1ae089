// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/reward/source.hpp"

#include "reward/word_response.hpp"

namespace alarm_dist {
namespace {

using testing::word_response;

TEST(LinkGrammarSource, GivesTheShareOfLinkedWordsOnTheLastTokenOfASentence) {
  const auto source = make_link_grammar_source("grammar");
  const ScoredResponse response =
      word_response("The dog sleeps. She had a apple.");  // tokens: 7 words and the end

  const std::vector<ComponentTrace> traces = source->score({&response, 1});

  ASSERT_EQ(traces.size(), 1U);
  EXPECT_EQ(traces[0].name, "grammar");
  EXPECT_EQ(traces[0].failure, "");
  ASSERT_EQ(traces[0].emissions.size(), 2U);
  EXPECT_EQ(traces[0].emissions[0].token, 2);
  EXPECT_DOUBLE_EQ(traces[0].emissions[0].value, 1.0);
  EXPECT_EQ(traces[0].emissions[0].span, (Span{0, 15}));
  EXPECT_EQ(traces[0].emissions[1].token, 6);
  EXPECT_DOUBLE_EQ(traces[0].emissions[1].value, 0.75);
  ASSERT_EQ(traces[0].marks.size(), 1U);
  EXPECT_EQ(traces[0].marks[0], (Span{24, 25}));  // the "a" of "a apple"
}

TEST(LinkGrammarSource, MarksTokensByThePapersRecipe) {
  const auto source = make_link_grammar_source({.granularity = Granularity::kToken});
  const ScoredResponse response = word_response("She had a apple.");

  const std::vector<ComponentTrace> traces = source->score({&response, 1});

  ASSERT_EQ(traces[0].emissions.size(), 4U);  // none on the end of the sequence
  for (std::size_t t = 0; t < 4; ++t) {
    EXPECT_EQ(traces[0].emissions[t].token, static_cast<std::int64_t>(t));
    EXPECT_EQ(traces[0].emissions[t].value, t == 2 ? -1.0 : 0.0);
  }
}

TEST(LinkGrammarSource, EmitsNothingWithoutWords) {
  const auto source = make_link_grammar_source("grammar");
  const std::vector<ScoredResponse> responses = {word_response(""), word_response("..."),
                                                 word_response("She slept.")};

  const std::vector<ComponentTrace> traces = source->score(responses);

  ASSERT_EQ(traces.size(), 3U);
  EXPECT_TRUE(traces[0].emissions.empty());
  EXPECT_TRUE(traces[1].emissions.empty());
  EXPECT_EQ(traces[2].emissions.size(), 1U);
}

TEST(LinkGrammarSource, KnowsItsGranularities) {
  EXPECT_EQ(make_link_grammar_source("grammar")->granularity(), Granularity::kSentence);
  EXPECT_THROW(make_link_grammar_source({.granularity = Granularity::kResponse}), Error);
}

}  // namespace
}  // namespace alarm_dist

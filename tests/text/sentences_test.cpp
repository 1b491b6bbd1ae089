// SPDX-License-Identifier: Apache-2.0
// Sentence boundaries on hand-made cases ('|' marks the boundaries that are expected) and against
// ACLSum's own.
#include "alarm/text/sentences.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>

#include <gtest/gtest.h>

#include "text/golden.hpp"

namespace alarm_dist::testing {
namespace {

std::string joined(std::string_view text, const std::vector<Span>& spans) {
  std::string out;
  for (const Span& span : spans) {
    if (!out.empty()) out += "|";
    out += text.substr(static_cast<std::size_t>(span.begin),
                       static_cast<std::size_t>(span.end - span.begin));
  }
  return out;
}

// Each with its boundaries as '|'; the text is the same with a space there.
constexpr const char* kSentences[] = {
    "We propose a model.|It works well.",
    "Does it work?|Yes!|It does.",
    "We follow Smith et al. in this work.|They did the same.",
    "This was shown by Smith et al. (2019).|We extend it.",
    "This was shown by Smith et al.|We extend it.",
    "Smith et al. 2019 showed this.|Others agree.",
    "Some tasks, e.g. parsing, are hard.|Others, i.e. tagging, are not.",
    "Methods (e.g., BERT) help.|See Fig. 3 for details.|Eq. 4 gives the loss.",
    "As Figs. 2 and 3 show, it helps.|Sec. 5 concludes.",
    "We gain 10.5 % on WMT.|That is 3.2 points more.",
    "The value is 3.14.|It is known.",
    "In 2019 we had 5.|In 2020 we had 6.",
    "It was published in 2019.|The code came later.",
    "J. R. Smith wrote it.|A. Jones read it.",
    "See Dr. Brown vs. Prof. Green.|They differ.",
    "We use w.r.t. the i.i.d. assumption.|It holds.",
    "He said \"It works.\"|She agreed.",
    "He said “It works.”|She agreed.",
    "(This is an aside.)|The text goes on.",
    "It works (see Smith et al. for a proof. It is long).|We skip it.",
    "It improves (by 2 points.)|We are glad.",
    "What about this?!|No idea...|Maybe later.",
    "It waits... and goes on.|Then it ends.",
    "Visit www.example.org for code.|It is free.",
    "Version 2.0.1 is out.|Get it at example.com.",
    "We compare GPT-4, BERT, etc. and report scores.|All are good.",
    "We compare GPT-4, BERT, etc.|The results are good.",
    "The U.S. economy grew.|It grew fast.",
    "They live in the U.S.|They like it.",
    "No abbreviation here",
    "Lower case goes on. like this",
    "1. First we parse.|2. Then we tag.",
    "Approx. 5 % of all (cf. Table 2) fail.|The rest pass.",
    "Results are in Tab. 2.|They are good.",
    "It has No. 5 in the list.|No. 6 is next.",
    "Is the answer no?|It is.",
    "We ask: why?|Because it matters.",
    "Yahoo! is a company.|So is Google.",
    "The model (Smith et al., 2019; Lee et al., 2020) is new.|We like it.",
    // Tokenised, as ACLSum is.
    "We use a parser .|It is fast .",
    "It was shown before ( Smith et al . , 2005 ) .|We extend it .",
    "Examples ( e.g. , parsing ) help .|See Fig . 3 .|It is clear .",
    "He said \" it works . \"|She agreed .",
    "What are their numbers ?|We count them .",
    "The score is 10.5 % .|That is good .",
    "We name it model A .|Model B is better .",
    "The data are available ( see Section 3 . ) .|We use them .",
};

TEST(Sentences, HandMadeCases) {
  static_assert(std::size(kSentences) >= 40);
  for (const std::string expected : kSentences) {
    std::string text = expected;
    std::replace(text.begin(), text.end(), '|', ' ');

    EXPECT_EQ(joined(text, split_sentences(text)), expected);
  }
}

TEST(Sentences, LinesOfAListAreSentences) {
  const std::string text = "Contributions\n- We parse.\n- We tag\n2) We count\n\nThe end";

  EXPECT_EQ(joined(text, split_sentences(text)),
            "Contributions|- We parse.|- We tag|2) We count|The end");
}

TEST(Sentences, LinesThatOnlyWrapAreNot) {
  const std::string text = "This line goes\non here.\nThis is new.";

  EXPECT_EQ(joined(text, split_sentences(text)), "This line goes\non here.|This is new.");
}

TEST(Sentences, ChineseNeedsNoSpace) {
  const std::string text = "中文句子。第二句！完";

  EXPECT_EQ(joined(text, split_sentences(text)), "中文句子。|第二句！|完");
}

TEST(Sentences, WhiteSpaceOnlyHasNone) {
  EXPECT_TRUE(split_sentences("").empty());
  EXPECT_TRUE(split_sentences(" \n\t ").empty());
}

TEST(Sentences, BytesThatAreNotUtf8DoNoHarm) {
  const std::string text = "A \xff b. C \xc3. D\xe4\xb8";

  EXPECT_FALSE(split_sentences(text).empty());
  EXPECT_EQ(split_sentences(text).back().end, static_cast<std::int64_t>(text.size()));
}

struct Agreement {
  std::int64_t found = 0;     // boundaries that both have
  std::int64_t ours = 0;      // all that we have
  std::int64_t expected = 0;  // all that ACLSum has
};

// Sentences of each section, joined with a space; a boundary is where a sentence ends, the last one
// aside.
Agreement compare_with_aclsum(const std::string& name) {
  Agreement agreement;
  std::ifstream file(site_dir() / "aclsum/dataset" / (name + ".jsonl"));
  for (std::string line; std::getline(file, line);) {
    const auto paper = nlohmann::json::parse(line);
    for (const auto& section : paper["sentences"]) {
      std::string text;
      std::vector<std::int64_t> expected;
      for (const auto& sentence : section) {
        text += (text.empty() ? "" : " ") + sentence.get<std::string>();
        expected.push_back(static_cast<std::int64_t>(text.size()));
      }
      const auto spans = split_sentences(text);
      for (const Span& span : spans) {
        agreement.found +=
            std::find(expected.begin(), expected.end(), span.end) != expected.end() ? 1 : 0;
      }
      agreement.found -= 1;  // the end of the text is no boundary
      agreement.ours += static_cast<std::int64_t>(spans.size()) - 1;
      agreement.expected += static_cast<std::int64_t>(expected.size()) - 1;
    }
  }
  return agreement;
}

// ACLSum's sentences come from a splitter that left errors in (cut inside "et al .", headings and
// list marks alone), so full agreement is not the aim. The floors are what was measured less a
// margin.
TEST(Sentences, AgreeWithAclSumsBoundaries) {
  Agreement all;
  for (const char* name : {"train", "val", "test"}) {
    const Agreement part = compare_with_aclsum(name);
    all.found += part.found;
    all.ours += part.ours;
    all.expected += part.expected;
  }
  const double precision = static_cast<double>(all.found) / static_cast<double>(all.ours);
  const double recall = static_cast<double>(all.found) / static_cast<double>(all.expected);
  std::cout << "boundaries in ACLSum " << all.expected << ", found " << all.found << ": precision "
            << precision << ", recall " << recall << "\n";

  EXPECT_GT(precision, 0.985);  // 0.9959
  EXPECT_GT(recall, 0.94);      // 0.9507
}

std::string sub_sentences(const std::string& text) {
  return joined(text, split_sub_sentences(text));
}

// specs/alarm.md 2.1: the next word's index + 5 must be below the number of words.
TEST(SubSentences, CommaSplitsWhenSixWordsRemain) {
  EXPECT_EQ(sub_sentences("one two three four five, six seven eight nine ten eleven."),
            "one two three four five,|six seven eight nine ten eleven.");
  EXPECT_EQ(sub_sentences("one two three four five, six seven eight nine ten."),
            "one two three four five, six seven eight nine ten.");
}

TEST(SubSentences, ShortFirstPieceDoesNotSplit) {
  EXPECT_EQ(sub_sentences("one two three four, six seven eight nine ten eleven twelve."),
            "one two three four, six seven eight nine ten eleven twelve.");
}

TEST(SubSentences, ShortLaterPieceJoinsTheOneBefore) {
  EXPECT_EQ(sub_sentences("a b c d e, f g, h i j k l m n."), "a b c d e, f g,|h i j k l m n.");
}

TEST(SubSentences, OtherSignsAndInnerCommas) {
  EXPECT_EQ(sub_sentences("about 1,000 of the words; then all the others come in."),
            "about 1,000 of the words;|then all the others come in.");
}

TEST(SubSentences, StayWithinSentences) {
  EXPECT_EQ(
      sub_sentences("Short one. one two three four five, six seven eight nine ten eleven. End."),
      "Short one. one two three four five,|six seven eight nine ten eleven.|End.");
}

TEST(EndTokens, LastOverlappingTokenOrNone) {
  const std::vector<Span> tokens = {{0, 3}, {3, 6}, {6, 6}, {6, 9}, {9, 12}};

  EXPECT_EQ(end_tokens({{0, 6}, {6, 7}, {7, 11}, {12, 15}, {6, 6}}, tokens),
            (std::vector<std::int64_t>{1, 3, 4, -1, -1}));
}

TEST(EndTokens, OfDecodedSentences) {
  const Tokenizer& tokenizer = smollm_tokenizer();
  const auto ids = tokenizer.encode("We parse text. It is fast!<|im_end|>").ids;
  const DecodedText decoded = tokenizer.decode(ids);

  const auto ends = end_tokens(split_sentences(decoded.text), decoded.offsets);

  ASSERT_EQ(ends.size(), 2U);
  EXPECT_EQ(tokenizer.token_of(ids[static_cast<std::size_t>(ends[0])]), ".");
  EXPECT_EQ(ends[1], static_cast<std::int64_t>(ids.size()) - 2);  // the one before <|im_end|>
}

}  // namespace
}  // namespace alarm_dist::testing

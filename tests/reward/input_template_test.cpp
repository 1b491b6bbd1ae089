// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/input_template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/reward/model_card.hpp"

#include "reward/fake_tokenizer.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Ids = std::vector<std::int64_t>;

Record record() {
  Record result;
  result.id = "paper/challenge";
  result.question = "w10 w11";
  result.aspect = "w12";
  result.document = "w20 w21 w22 w23 w24 w25";
  return result;
}

EncoderInput build(const InputTemplate& input_template, const ScoredText& text) {
  return build_input(testing::FakeTokenizer(), input_template, record(), text);
}

TEST(InputTemplate, BuildsTwoSegmentsWithTheirTypes) {
  const EncoderInput input =
      build({.first = "{question} {response}", .second = "{document}"}, {.response = "w30 w31"});

  EXPECT_EQ(input.tokens, (Ids{1, 10, 11, 30, 31, 2, 20, 21, 22, 23, 24, 25, 2}));
  EXPECT_EQ(input.types, (Ids{0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1}));
}

TEST(InputTemplate, BuildsOneSegmentAndKeepsLiteralText) {
  const EncoderInput input = build({.first = "w50 {aspect} w51: {sentence} w52", .second = ""},
                                   {.response = "w30 w31", .sentence = "w31"});

  EXPECT_EQ(input.tokens, (Ids{1, 50, 12, 51, 31, 52, 2}));
  EXPECT_EQ(input.types, Ids(7, 0));
}

TEST(InputTemplate, CutsTheDocumentToFitAndNotTheResponse) {
  const InputTemplate budget{
      .first = "{question} {response}", .second = "{document}", .max_tokens = 10};

  EXPECT_EQ(build(budget, {.response = "w30 w31"}).tokens,
            (Ids{1, 10, 11, 30, 31, 2, 20, 21, 22, 2}));
  EXPECT_EQ(build(budget, {.response = "w30 w31 w32 w33 w34"}).tokens,
            (Ids{1, 10, 11, 30, 31, 32, 33, 34, 2, 2}));
  EXPECT_EQ(build(budget, {.response = "w30 w31 w32 w33 w34 w35 w36"}).tokens,
            (Ids{1, 10, 11, 30, 31, 32, 33, 34, 2, 2}));
}

TEST(InputTemplate, CutsTheResponseBesideASentenceFirst) {
  const InputTemplate budget{
      .first = "{sentence}", .second = "{response} {document}", .max_tokens = 8};

  const EncoderInput input =
      build(budget, {.response = "w30 w31 w32 w33 w34 w35", .sentence = "w40 w41"});

  EXPECT_EQ(input.tokens, (Ids{1, 40, 41, 2, 30, 31, 32, 2}));
}

TEST(InputTemplate, LimitsTheDocumentByItself) {
  const EncoderInput input = build(
      {.first = "{response}", .second = "{document}", .max_document_tokens = 2}, {.response = ""});

  EXPECT_EQ(input.tokens, (Ids{1, 2, 20, 21, 2}));
}

TEST(InputTemplate, CutsTheMiddleOfTheDocumentIfAsked) {
  const EncoderInput input = build({.first = "{response}",
                                    .second = "{document}",
                                    .max_document_tokens = 3,
                                    .document_cut = DocumentCut::kMiddle},
                                   {.response = ""});

  EXPECT_EQ(input.tokens, (Ids{1, 2, 20, 21, 25, 2}));
}

TEST(InputTemplate, PoolsOverWhatIsScored) {
  const auto pooled = [](const EncoderInput& input) {
    return Ids(input.tokens.begin() + input.pool_begin, input.tokens.begin() + input.pool_end);
  };
  const ScoredText text{.response = "w30 w31 w32", .sentence = "w31"};

  EXPECT_EQ(pooled(build({}, text)), (Ids{30, 31, 32}));
  EXPECT_EQ(pooled(build({.first = "{sentence}", .second = "{response}"}, text)), (Ids{31}));
  EXPECT_EQ(pooled(build({.first = "{response}", .second = "{sentence}"}, text)), (Ids{31}));
  EXPECT_EQ(build({}, {.response = ""}).pool_end, 0);  // empty: the whole sequence
}

TEST(InputTemplate, FramesTheSegmentsAsRobertaDoesForItsTokenizer) {
  const testing::FakeTokenizer tokenizer(testing::FakeTokenizer::Marks::kRoberta);
  const auto built = [&](const InputTemplate& input_template) {
    return build_input(tokenizer, input_template, record(), {.response = "w30 w31"});
  };

  const EncoderInput two = built({.first = "{question} {response}", .second = "{document}"});
  const EncoderInput one = built({.first = "{response}", .second = ""});
  const EncoderInput cut = built({.first = "{response}", .second = "{document}", .max_tokens = 9});

  EXPECT_EQ(two.tokens, (Ids{1, 10, 11, 30, 31, 2, 2, 20, 21, 22, 23, 24, 25, 2}));
  EXPECT_EQ(two.types, Ids(14, 0));
  EXPECT_EQ(one.tokens, (Ids{1, 30, 31, 2}));
  EXPECT_EQ(cut.tokens, (Ids{1, 30, 31, 2, 2, 20, 21, 22, 2}));
}

TEST(InputTemplate, RefusesATokenizerWithoutMarks) {
  const testing::FakeTokenizer tokenizer(testing::FakeTokenizer::Marks::kNone);

  EXPECT_THAT(
      [&] { build_input(tokenizer, {}, record(), {.response = "w30"}); },
      ::testing::ThrowsMessage<Error>(HasSubstr("neither [CLS] and [SEP] nor <s> and </s>")));
}

TEST(InputTemplate, MarksEverySentence) {
  const testing::FakeTokenizer tokenizer(testing::FakeTokenizer::Marks::kRoberta);
  const InputTemplate input_template{
      .first = "w50 {question} w51 {sentences}", .second = "", .max_tokens = 16};
  const std::vector<std::string_view> sentences = {"w30  w31", "w32", "w33\nw34"};

  const MarkedInput marked = build_marked_input(tokenizer, input_template, record(),
                                                {.response = "", .sentences = sentences});

  EXPECT_EQ(marked.input.tokens, (Ids{1, 50, 10, 11, 51, 2, 30, 31, 2, 32, 2, 33, 34, 2}));
  EXPECT_EQ(marked.marks, (Ids{5, 8, 10}));
  EXPECT_TRUE(scores_sentences(input_template));
  EXPECT_THROW(build_input(tokenizer, input_template, record(), {}), UsageError);
}

// Words behind a space are other tokens to a byte-level tokenizer.
TEST(InputTemplate, TokenisesAPartWithTheSpaceBeforeIt) {
  std::vector<std::string> seen;
  const testing::FakeTokenizer tokenizer(testing::FakeTokenizer::Marks::kBert, &seen);

  build_input(tokenizer,
              {.first = "q: {question}  a:{response} {aspect} ", .second = " {document}"}, record(),
              {.response = "w30"});

  EXPECT_THAT(seen,
              ElementsAre("q:", " w10 w11", "  a:", "w30", " w12", " w20 w21 w22 w23 w24 w25"));
}

TEST(InputTemplate, SaysWhenNothingCanBeCut) {
  InputTemplate budget{.first = "{question} {question} {question} {question}{response}",
                       .second = "",
                       .max_tokens = 8};
  try {
    build(budget, {.response = "w30"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("paper/challenge"));
  }
}

TEST(InputTemplate, NamesAnUnknownPlaceholder) {
  try {
    check_template({.first = "{respnse}", .second = ""});
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("{respnse}"));
    EXPECT_THAT(error.what(), HasSubstr("did you mean {response}"));
  }
  EXPECT_THROW(check_template({.first = "{question}", .second = "{document}"}), UsageError);
  EXPECT_THROW(check_template({.max_tokens = 0}), UsageError);
  EXPECT_NO_THROW(check_template({}));
}

TEST(InputTemplate, HasTheSentencesOnceAndAlone) {
  const auto check = [](const char* first, const char* second) {
    check_template({.first = first, .second = second});
  };

  EXPECT_THAT([&] { check("{sentences} {sentences}", ""); },
              ThrowsMessage<UsageError>(HasSubstr("{sentences} twice")));
  EXPECT_THAT([&] { check("{sentences}", "{sentences}"); },
              ThrowsMessage<UsageError>(HasSubstr("{sentences} twice")));
  EXPECT_THAT([&] { check("{sentence}", "{sentences}"); },
              ThrowsMessage<UsageError>(HasSubstr("{sentences} beside {sentence}")));
  EXPECT_NO_THROW(check("{question}", "{sentences}"));
}

TEST(InputTemplate, SaysWhatIsReadOfARecord) {
  EXPECT_THAT(reads({.first = "{document} {response}", .second = "{question} {document}"}),
              ElementsAre("question", "document"));
  EXPECT_TRUE(reads({.first = "{sentence}", .second = "{response}"}).empty());
}

TEST(RewardModelCard, ComesBackAsItWasSaved) {
  const testing::TempDir dir;
  const RewardModelCard card{.name = "relevance",
                             .granularity = Granularity::kSentence,
                             .input = {.first = "{question}",
                                       .second = "{sentence}",
                                       .max_tokens = 96,
                                       .max_document_tokens = 7,
                                       .document_cut = DocumentCut::kMiddle},
                             .labels = {{.label = 2, .value = 0.5}, {.label = 0, .value = -0.5}},
                             .trained_on = "aclsum/train",
                             .accuracy = {{"auc", 0.75}}};

  save_reward_model_card(dir.path(), card);
  const RewardModelCard loaded = load_reward_model_card(dir.path());

  EXPECT_EQ(loaded.name, card.name);
  EXPECT_EQ(loaded.granularity, card.granularity);
  EXPECT_EQ(loaded.input, card.input);
  EXPECT_EQ(loaded.trained_on, card.trained_on);
  EXPECT_EQ(loaded.accuracy, card.accuracy);
  EXPECT_EQ(loaded.labels, card.labels);
}

TEST(RewardModelCard, NamesFileAndMistake) {
  const testing::TempDir dir;
  const auto message_of = [&](const std::string& text) -> std::string {
    testing::write_file(dir / "reward_model.json", text);
    try {
      load_reward_model_card(dir.path());
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };

  EXPECT_THROW(load_reward_model_card(dir / "nowhere"), Error);
  EXPECT_THAT(message_of("{"), HasSubstr("reward_model.json"));
  EXPECT_THAT(message_of(R"({"name": "x"})"), HasSubstr("template"));
  const std::string good = R"("name": "x", "granularity": "response", "max_tokens": 64,
                              "template": {"first": "{response}", "second": ""})";
  EXPECT_EQ(message_of("{" + good + "}"), "no error");
  EXPECT_THAT(message_of("{" + good + R"(, "kind": "sentence"})"), HasSubstr("kind is 'sentence'"));
  EXPECT_THAT(message_of("{" + good + R"(, "label": 1})"),
              HasSubstr("reward_model.json: \"label\": not known here; expected one of: name, "));
  EXPECT_THAT(message_of("{" + good + R"(, "labels": {"label": 1, "value": 2}})"),
              HasSubstr("\"labels\": expected a list, found object"));
  EXPECT_THAT(message_of("{" + good + R"(, "labels": [3]})"),
              HasSubstr("expected an object of label, value, found number"));
  EXPECT_THAT(message_of("{" + good + R"(, "labels": [{"label": 1.7, "value": 2}]})"),
              HasSubstr("\"label\": expected a whole number of at least 0, found 1.7"));
  EXPECT_THAT(message_of("{" + good + R"(, "labels": [{"label": 1, "valeu": 2}]})"),
              HasSubstr("\"valeu\": not known here; expected one of: label, value"));
  EXPECT_THAT(message_of("{" + good + R"(, "labels": [{"label": 1}]})"), HasSubstr("value"));
  EXPECT_THAT(message_of(R"({"name": "x", "granularity": "sentence", "max_tokens": 64,
                             "template": {"first": "{response}", "second": ""}})"),
              HasSubstr("granularity sentence"));
}

}  // namespace
}  // namespace alarm_dist

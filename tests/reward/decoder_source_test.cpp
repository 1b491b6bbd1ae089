// SPDX-License-Identifier: Apache-2.0
// Decoders with a score head as sources of rewards, against transformers by
// tests/golden/make_decoder_rewards.py.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/model/causal_lm.hpp"
#include "alarm/reward/source.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;
using testing::TempDir;
using Json = nlohmann::json;

std::filesystem::path data_dir() { return testing::source_dir() / "tests/data/reward"; }

const Json& golden() {
  static const Json parsed = Json::parse(testing::read_file(data_dir() / "golden.json"));
  return parsed;
}

std::vector<Record> golden_records() {
  std::vector<Record> records;
  for (const auto& given : golden().at("records")) {
    Record& record = records.emplace_back();
    record.id = "record " + std::to_string(records.size());
    record.question = given.at("question");
    record.document = given.at("document");
    for (const auto& message : given.at("messages"))
      record.messages.push_back({message.at("role"), message.at("content")});
  }
  return records;
}

// The cases of a model whose sequences are cut to max_tokens (0: not), with tokens that are words.
struct Cases {
  std::vector<ScoredResponse> responses;
  std::vector<double> scores;
  std::vector<Json> word_scores;
};

Cases golden_cases(const char* model, std::int64_t max_tokens, const std::vector<Record>& records) {
  Cases cases;
  for (const auto& given : golden().at("models").at(model).at("cases")) {
    if (given.at("max_tokens") != max_tokens) continue;
    ScoredResponse response{.record = &records[given.at("record").get<std::size_t>()],
                            .text = given.at("response")};
    for (const auto& word : given.at("words")) response.token_offsets.push_back({word[0], word[1]});
    const auto size = static_cast<std::int64_t>(response.text.size());
    response.token_offsets.push_back({size, size});  // the end of the sequence
    cases.responses.push_back(response);
    cases.scores.push_back(given.at("score"));
    cases.word_scores.push_back(given.at("word_scores"));
  }
  return cases;
}

class DecoderReward : public ::testing::TestWithParam<const char*> {
 protected:
  LearnedSourceOptions options() const {
    const auto& model = golden().at("models").at(GetParam());
    return {.model = data_dir() / GetParam(),
            .decoder = {.input = model.at("template"), .label = model.at("label")},
            .cache = cache_.path(),
            .dtype = at::kDouble};
  }

  const std::vector<Record> records_ = golden_records();
  const TempDir cache_;  // the files are in float16
};

INSTANTIATE_TEST_SUITE_P(Golden, DecoderReward, ::testing::Values("llama", "gpt2", "qwen2"),
                         [](const auto& suite) { return std::string(suite.param); });

constexpr std::int64_t kCut = 20;  // the script's

TEST_P(DecoderReward, ScoresEqualTransformersHoweverTheyAreBatched) {
  for (const std::int64_t max_tokens : {std::int64_t{0}, kCut}) {
    const auto cases = golden_cases(GetParam(), max_tokens, records_);
    for (const std::int64_t micro_tokens : {1, 60, 4096}) {
      auto wanted = options();
      wanted.decoder.max_tokens = max_tokens;
      wanted.micro_tokens = micro_tokens;

      const auto traces = make_learned_source(wanted)->score(cases.responses);

      ASSERT_EQ(traces.size(), cases.scores.size());
      for (std::size_t i = 0; i < traces.size(); ++i) {
        ASSERT_EQ(traces[i].emissions.size(), 1U) << traces[i].failure;
        const auto& response = cases.responses[i];
        const auto last = static_cast<std::int64_t>(response.token_offsets.size()) - 1;
        EXPECT_NEAR(traces[i].emissions[0].value, cases.scores[i], 1e-9) << response.text;
        EXPECT_EQ(traces[i].emissions[0].token, last);
      }
    }
  }
}

TEST_P(DecoderReward, IsNearInSinglePrecision) {
  const auto cases = golden_cases(GetParam(), 0, records_);
  auto wanted = options();
  wanted.dtype = at::kFloat;

  const auto traces = make_learned_source(wanted)->score(cases.responses);

  for (std::size_t i = 0; i < traces.size(); ++i)
    EXPECT_NEAR(traces[i].emissions.at(0).value, cases.scores[i], 1e-4);
}

// A word's value is read where the model has read its last byte; a word that was cut off has none.
TEST_P(DecoderReward, ValuesByTokenEqualTransformers) {
  std::size_t silent = 0;
  for (const std::int64_t max_tokens : {std::int64_t{0}, kCut}) {
    const auto cases = golden_cases(GetParam(), max_tokens, records_);
    auto wanted = options();
    wanted.granularity = Granularity::kToken;
    wanted.decoder.max_tokens = max_tokens;

    const auto traces = make_learned_source(wanted)->score(cases.responses);

    for (std::size_t i = 0; i < traces.size(); ++i) {
      EXPECT_EQ(traces[i].failure, "");
      std::size_t emitted = 0;
      for (std::size_t word = 0; word < cases.word_scores[i].size(); ++word) {
        const auto& expected = cases.word_scores[i][word];
        silent += expected.is_null() ? 1 : 0;
        if (expected.is_null()) continue;
        ASSERT_LT(emitted, traces[i].emissions.size());
        const Emission& emission = traces[i].emissions[emitted++];
        EXPECT_EQ(emission.token, static_cast<std::int64_t>(word));
        EXPECT_EQ(emission.span, cases.responses[i].token_offsets[word]);
        EXPECT_NEAR(emission.value, expected.get<double>(), 1e-9);
      }
      EXPECT_EQ(emitted, traces[i].emissions.size());
    }
  }
  EXPECT_GT(silent, 0U) << "the test wants words that are cut off";
}

TEST_P(DecoderReward, SentencesAreReadAtTheirEnds) {
  const auto cases = golden_cases(GetParam(), 0, records_);
  auto wanted = options();
  wanted.granularity = Granularity::kSentence;

  const auto traces = make_learned_source(wanted)->score(cases.responses);

  ASSERT_EQ(traces[0].emissions.size(),
            2U);  // " The river changes the answer. It hides good data."
  for (const Emission& emission : traces[0].emissions) {
    const auto word = static_cast<std::size_t>(emission.token);
    EXPECT_NEAR(emission.value, cases.word_scores[0][word].get<double>(), 1e-9);
  }
  EXPECT_EQ(traces[0].emissions[0].token, 4);
}

TEST(DecoderRewardWeights, OfTheWantedTypeAreNotCopied) {
  const auto records = golden_records();
  const TempDir converted, unused;
  const auto dir = resolve_model(data_dir() / "llama", at::kFloat, converted.path());

  const auto source = make_learned_source({.model = dir,
                                           .decoder = {.input = "{prompt} {response}"},
                                           .cache = unused.path(),
                                           .dtype = at::kFloat});

  EXPECT_TRUE(std::filesystem::is_empty(unused.path()));
  const auto cases = golden_cases("llama", 0, records);
  EXPECT_EQ(source->score(cases.responses).size(), cases.responses.size());
}

// A folder of links to a golden model's files, and a card of its own.
class DecoderCard : public ::testing::Test {
 protected:
  std::filesystem::path model(const char* name, const std::string& card = "") {
    const auto dir = folder_ / name;
    std::filesystem::create_directories(dir);
    for (const auto& entry : std::filesystem::directory_iterator(data_dir() / name))
      std::filesystem::create_symlink(entry.path(), dir / entry.path().filename());
    if (!card.empty()) testing::write_file(dir / "reward_model.json", card);
    return dir;
  }
  std::unique_ptr<RewardSource> load(const std::filesystem::path& dir, DecoderReading reading = {},
                                     Granularity granularity = Granularity::kResponse) {
    return make_learned_source({.model = dir,
                                .granularity = granularity,
                                .decoder = std::move(reading),
                                .cache = folder_ / "cache",
                                .dtype = at::kDouble});
  }
  void expect_refused(const std::filesystem::path& dir, const DecoderReading& reading,
                      const std::string& message) {
    try {
      load(dir, reading);
      ADD_FAILURE() << "accepted; expected: " << message;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }
  // Scores of responses to the first record.
  std::vector<ComponentTrace> score(RewardSource& source, const std::vector<Record>& records) {
    std::vector<ScoredResponse> responses;
    for (const Record& record : records)
      responses.push_back({.record = &record, .text = "a cat", .token_offsets = {{0, 5}, {5, 5}}});
    return source.score(responses);
  }

  TempDir folder_;
};

TEST_F(DecoderCard, SaysWhatTheConfigLeavesOut) {
  const auto records = golden_records();
  const auto dir = model("qwen2", R"({"name": "q", "template": "chat", "label": 2,
                                      "max_tokens": 20})");

  const auto source = load(dir);

  const auto cases = golden_cases("qwen2", kCut, records);
  const auto traces = source->score(cases.responses);
  for (std::size_t i = 0; i < traces.size(); ++i)
    EXPECT_NEAR(traces[i].emissions.at(0).value, cases.scores[i], 1e-9);
  EXPECT_EQ(source->name(), "qwen2");
}

TEST_F(DecoderCard, GivesWayToTheConfig) {
  const auto records = golden_records();
  const auto dir = model("qwen2", R"({"template": "Q: {response}", "label": 1, "max_tokens": 9})");
  const auto cut = golden_cases("qwen2", kCut, records), whole = golden_cases("qwen2", 0, records);

  const auto scores = [&](std::int64_t max_tokens, const Cases& cases) {
    const auto source = load(dir, {.input = "chat", .max_tokens = max_tokens, .label = 2});
    std::vector<double> values;
    for (const auto& trace : source->score(cases.responses))
      values.push_back(trace.emissions.at(0).value);
    return values;
  };

  EXPECT_THAT(scores(kCut, cut), Pointwise(DoubleNear(1e-9), cut.scores));
  EXPECT_THAT(scores(200, whole), Pointwise(DoubleNear(1e-9), whole.scores));
  EXPECT_GT(std::abs(cut.scores.at(0) - whole.scores.at(0)), 1e-3)
      << "the test wants a cut to tell";
}

TEST_F(DecoderCard, WhatDoesNotFitTheModelIsNamed) {
  const auto llama = model("llama"), qwen2 = model("qwen2");
  expect_refused(llama, {}, "expected `template`: chat, or a text with {prompt} and {response}");
  expect_refused(llama, {.input = "{promt} {response}"}, "did you mean {prompt}?");
  expect_refused(llama, {.input = "{prompt}"}, "has 0 times {response}");
  expect_refused(llama, {.input = "{response}", .label = 1}, "has 1 labels");
  expect_refused(qwen2, {.input = "chat"}, "expected `label` to be one of 0 to 2, found none");
  expect_refused(qwen2, {.input = "chat", .label = 3}, "0 to 2, found 3");
  expect_refused(llama, {.input = "{response}", .max_tokens = 257}, "the model's context is 256");
}

TEST_F(DecoderCard, AChatTemplateThatTheFolderDoesNotBringIsNotGuessed) {
  expect_refused(model("llama"), {.input = "chat"},
                 (folder_ / "llama").string() + ": `template` is chat, but neither");
  expect_refused(model("gpt2", R"({"template": "chat"})"), {}, "has a chat template; expected one");
}

// Nothing is converted for a model that cannot score.
TEST_F(DecoderCard, ADecoderWithoutAScoreHeadIsNamedBeforeItIsConverted) {
  const auto dir = testing::source_dir() / "tests/data/smoke/policy";

  expect_refused(dir, {.input = "{response}"},
                 dir.string() + ": a decoder without a score head; expected 'score.weight' or ");

  EXPECT_FALSE(std::filesystem::exists(folder_ / "cache"));
}

TEST_F(DecoderCard, SaysWhatIsReadOfARecord) {
  const auto dir = model("llama");

  EXPECT_THAT(load(dir, {.input = "{prompt} {document}{response} {aspect}"})->reads(),
              ElementsAre("document", "aspect"));
  EXPECT_TRUE(load(model("qwen2"), {.input = "chat", .label = 0})->reads().empty());
}

TEST_F(DecoderCard, ABadCardIsNamed) {
  const auto dir = model("llama", R"({"template": {"first": "x"}})");
  expect_refused(dir, {}, "reward_model.json: \"template\": expected a text, found object");
  testing::write_file(dir / "reward_model.json", R"({"template": "chat", "max_token": 3})");
  expect_refused(dir, {}, "\"max_token\": not known here; expected one of: template");
  testing::write_file(dir / "reward_model.json", R"({"template": "chat", "label": "good"})");
  expect_refused(dir, {}, "\"label\": expected a whole number");
  testing::write_file(dir / "reward_model.json", "[1]");
  expect_refused(dir, {}, "expected a JSON object");
}

TEST_F(DecoderCard, AnEncoderHasNoDecodersSettings) {
  const auto encoder = testing::source_dir() / "tests/data/smoke/holistic";
  expect_refused(encoder, {.label = 0}, "an encoder's reward_model.json says what it reads");
}

TEST_F(DecoderCard, RecordsThatTheTemplateHasNoPlaceForFailAlone) {
  auto records = golden_records();
  records[0].messages.push_back({"assistant", "Which?"});
  records.push_back(records[1]);
  records[2].messages.clear();
  const auto source = load(model("llama"), {.input = "{prompt} {response}"});

  const auto traces = score(*source, records);

  EXPECT_THAT(traces[0].failure, HasSubstr("a conversation with answers"));
  EXPECT_EQ(traces[1].failure, "");
  EXPECT_EQ(traces[1].emissions.size(), 1U);
  EXPECT_THAT(traces[2].failure, HasSubstr("no prompt and no messages"));
  const auto chat = load(model("qwen2"), {.input = "chat", .label = 0});
  EXPECT_EQ(score(*chat, records)[0].failure, "");
}

// Templates that rewrite what was said leave no place for values of its parts.
TEST_F(DecoderCard, AChatTemplateMayChangeTheResponseOfOneValue) {
  const auto dir = model("llama");
  testing::write_file(dir / "chat_template.jinja",
                      "{% for m in messages %}{{ m.content | replace('cat', 'dog') }}{% endfor %}");
  const auto records = golden_records();

  const auto whole = score(*load(dir, {.input = "chat"}), records);
  const auto parts = score(*load(dir, {.input = "chat"}, Granularity::kToken), records);

  EXPECT_EQ(whole[0].failure, "");
  EXPECT_THAT(parts[0].failure, HasSubstr("values by token have no place"));
}

}  // namespace
}  // namespace alarm_dist

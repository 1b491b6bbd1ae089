// SPDX-License-Identifier: Apache-2.0
// Files beside a SentencePiece model that add tokens to it, against transformers' slow tokenizers
// by tests/golden/make_sentencepiece_additions.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/base/text.hpp"

#include "support/temp_dir.hpp"
#include "text/kinds_golden.hpp"

namespace alarm_dist::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Ids = std::vector<std::int64_t>;

const nlohmann::json& golden() {
  static const auto parsed = read_kind("sentencepiece_additions.json");
  return parsed;
}

std::filesystem::path kinds_dir() { return source_dir() / "tests/data/text/kinds"; }

class SentencePieceAdditions : public ::testing::TestWithParam<const char*> {
 protected:
  SentencePieceAdditions() {
    const std::string model = golden_.at("model"), name = golden_.at("file");
    std::filesystem::copy_file(kinds_dir() / model, folder_ / name);
    for (const auto& [file, content] : golden_.at("files").items())
      write_file(folder_ / file, content.dump());
    tokenizer_ = load_tokenizer(folder_.path());
  }

  const nlohmann::json& golden_ = golden().at(GetParam());
  const TempDir folder_;
  std::unique_ptr<Tokenizer> tokenizer_;
};

INSTANTIATE_TEST_SUITE_P(Golden, SentencePieceAdditions,
                         ::testing::Values("llama_listed", "llama_listed_one_prefix", "llama_maps",
                                           "llama_bare", "t5_named", "t5_named_one_prefix",
                                           "t5_named_twice", "t5_usual", "t5_without", "deberta",
                                           "deberta_tool", "deberta_other_pieces", "xlm_roberta",
                                           "xlm_roberta_tool"),
                         [](const auto& suite) { return std::string(suite.param); });

TEST_P(SentencePieceAdditions, IdsEqualTransformers) {
  EXPECT_EQ(tokenizer_->vocabulary_size(), golden_.at("vocabulary").get<std::int64_t>());
  EXPECT_EQ(tokenizer_->id_limit(), golden_.at("vocabulary").get<std::int64_t>());
  for (const auto& item : golden_.at("cases")) {
    const std::string text = item.at("text");
    EXPECT_EQ(tokenizer_->encode(text).ids, item.at("ids").get<Ids>()) << text;
    if (item.contains("with_specials")) {
      EXPECT_EQ(tokenizer_->encode(text, {.special_tokens = true}).ids,
                item.at("with_specials").get<Ids>())
          << text;
    }
  }
}

TEST_P(SentencePieceAdditions, TextEqualsTransformersHoweverItComes) {
  for (const auto& item : golden_.at("cases")) {
    const auto ids = item.at("ids").get<Ids>();
    const std::string decoded = tokenizer_->decode(ids).text;
    const auto stream = tokenizer_->decode_stream();
    std::string streamed;
    for (const auto id : ids) streamed += stream->push(id);

    EXPECT_EQ(streamed + stream->finish(), decoded);
    if (!item.contains("decoded")) continue;
    EXPECT_EQ(decoded, item.at("decoded").get<std::string>());
  }
}

// Added tokens are where they stand in the text, with the spaces they take along; between tokens
// nothing but white space is left out.
TEST_P(SentencePieceAdditions, OffsetsAreOfTheText) {
  for (const auto& item : golden_.at("cases")) {
    const std::string text = item.at("text");
    const Encoding encoding = tokenizer_->encode(text);
    ASSERT_EQ(encoding.offsets.size(), encoding.ids.size());
    std::int64_t done = 0;
    for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
      const Span& span = encoding.offsets[i];
      const auto token = tokenizer_->token_of(encoding.ids[i]);
      ASSERT_LE(span.begin, span.end) << text;
      ASSERT_LE(span.end, static_cast<std::int64_t>(text.size())) << text;
      const auto covered = text.substr(static_cast<std::size_t>(span.begin),
                                       static_cast<std::size_t>(span.end - span.begin));
      if (token == "<tool>" || token == "<s>" || token == "<mask>") {
        EXPECT_EQ(token == "<mask>" ? trim(covered) : covered, token) << text;
      }
      EXPECT_GE(span.end, done) << text;
      done = std::max(done, span.end);
    }
    EXPECT_EQ(trim(std::string_view(text).substr(static_cast<std::size_t>(done))), "") << text;
  }
}

TEST(SentencePieceAdditionsKnow, TheirTokensByNameAndId) {
  const TempDir folder;
  std::filesystem::copy_file(kinds_dir() / "sentencepiece_bpe.model", folder / "tokenizer.model");
  const auto pieces = load_tokenizer(folder.path())->vocabulary_size();
  write_file(folder / "added_tokens.json", nlohmann::json{{"<tool>", pieces + 4}}.dump());

  const auto tokenizer = load_tokenizer(folder.path());

  EXPECT_EQ(tokenizer->id_of("<tool>"), pieces + 4);
  EXPECT_EQ(tokenizer->token_of(pieces + 4), "<tool>");
  EXPECT_EQ(tokenizer->vocabulary_size(), pieces + 1);
  EXPECT_EQ(tokenizer->id_limit(), pieces + 5);
  EXPECT_THROW(tokenizer->token_of(pieces), Error) << "a hole";
  EXPECT_EQ(tokenizer->decode(Ids{pieces, pieces + 4}).text, "<tool>");
}

void expect_refused(const nlohmann::json& config, const std::string& message) {
  const TempDir folder;
  std::filesystem::copy_file(kinds_dir() / "sentencepiece_bpe.model", folder / "tokenizer.model");
  write_file(folder / "tokenizer_config.json", config.dump());
  try {
    load_tokenizer(folder.path());
    ADD_FAILURE() << "accepted; expected: " << message;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("tokenizer_config.json"));
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

TEST(SentencePieceAdditionsThat, CannotBeHonouredAreNamed) {
  const auto listed = [](const char* id, const nlohmann::json& token) {
    return nlohmann::json{{"added_tokens_decoder", {{id, token}}}};
  };
  expect_refused(listed("900", {{"content", "<x>"}, {"single_word", true}}),
                 "\"single_word\" of '<x>'");
  expect_refused(listed("nine", {{"content", "<x>"}}), "'nine' is no token id");
  expect_refused(listed("900", {{"content", ""}}), "the token with id 900 is empty");
  expect_refused(
      {{"added_tokens_decoder", {{"900", {{"content", "<x>"}}}, {"901", {{"content", "<x>"}}}}}},
      "the added token '<x>' has two ids, 900 and 901");
  expect_refused({{"tokenizer_class", "T5Tokenizer"},
                  {"extra_ids", 3},
                  {"additional_special_tokens", {"<extra_id_0>"}}},
                 "1 tokens like <extra_id_0> are named, but \"extra_ids\" is 3");
  expect_refused(nlohmann::json::array(), "expected an object");
  expect_refused({{"tokenizer_class", "DebertaV2Tokenizer"}, {"do_lower_case", true}},
                 "do_lower_case");
}

// A folder with a model file and a config.json of that type.
std::string refusal_of(const char* model, const char* type) {
  const TempDir folder;
  std::filesystem::copy_file(kinds_dir() / model, folder / "sentencepiece.bpe.model");
  write_file(folder / "config.json", nlohmann::json{{"model_type", type}}.dump());
  try {
    load_tokenizer(folder.path());
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(SentencePieceClasses, WithIdsOfTheirOwnAreRefused) {
  EXPECT_THAT(refusal_of("sentencepiece_bpe.model", "camembert"),
              AllOf(HasSubstr("sentencepiece.bpe.model"), HasSubstr("'camembert'"),
                    HasSubstr("expected tokenizer.json")));
  EXPECT_THAT(refusal_of("deberta.model", "xlm-roberta"),
              AllOf(HasSubstr("sentencepiece.bpe.model"), HasSubstr("<unk>, <s> and </s>")));
  EXPECT_EQ(refusal_of("sentencepiece_bpe.model", "xlm-roberta"), "accepted");
}

}  // namespace
}  // namespace alarm_dist::testing

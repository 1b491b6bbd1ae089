// SPDX-License-Identifier: Apache-2.0
// SentencePiece models: which file, which marks, what GGUF files keep of them, and bad ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/text/sentencepiece_model.hpp"

#include "support/temp_dir.hpp"
#include "text/kinds_golden.hpp"

namespace alarm_dist::testing {
namespace {

using ::testing::HasSubstr;

std::string model_bytes() {
  return read_file(source_dir() / "tests/data/text/kinds/sentencepiece_bpe.model");
}

// What encoding "word" in a folder with such a tokenizer_config.json begins and ends with.
std::vector<std::int64_t> marked(const std::string& config) {
  const TempDir dir;
  write_file(dir.path() / "tokenizer.model", model_bytes());
  write_file(dir.path() / "tokenizer_config.json", config);
  const auto tokenizer = load_tokenizer(dir.path());
  auto ids = tokenizer->encode("word", {.special_tokens = true}).ids;
  const auto plain = tokenizer->encode("word").ids;
  std::vector<std::int64_t> marks;
  if (ids.front() == 1) marks.push_back(ids.front());
  if (ids.back() == 2) marks.push_back(ids.back());
  EXPECT_EQ(ids.size(), plain.size() + marks.size());
  return marks;
}

TEST(SentencePiece, MarksAreThoseOfTheConfig) {
  using Ids = std::vector<std::int64_t>;
  EXPECT_EQ(marked("{}"), Ids{});
  EXPECT_EQ(marked(R"({"tokenizer_class": "LlamaTokenizer"})"), Ids{1});
  EXPECT_EQ(marked(R"({"tokenizer_class": "T5Tokenizer"})"), Ids{2});
  EXPECT_EQ(marked(R"({"add_bos_token": true, "add_eos_token": true})"), (Ids{1, 2}));
  EXPECT_EQ(marked(R"({"tokenizer_class": "LlamaTokenizer", "add_bos_token": false})"), Ids{});
}

TEST(SentencePiece, CutsOnEitherSide) {
  const auto tokenizer = kind_tokenizer("sentencepiece_bpe");
  const auto all = tokenizer->encode("the words of a sentence").ids;

  const auto head = tokenizer->encode("the words of a sentence", {.max_tokens = 3}).ids;
  const auto tail =
      tokenizer->encode("the words of a sentence", {.max_tokens = 3, .cut = Side::kLeft}).ids;

  EXPECT_EQ(head, std::vector(all.begin(), all.begin() + 3));
  EXPECT_EQ(tail, std::vector(all.end() - 3, all.end()));
}

TEST(SentencePiece, KnowsItsTokens) {
  const auto tokenizer = kind_tokenizer("sentencepiece_bpe");

  EXPECT_EQ(tokenizer->id_of("<unk>"), 0);
  EXPECT_EQ(tokenizer->id_of("no such token"), std::nullopt);
  EXPECT_EQ(tokenizer->token_of(1), "<s>");
  EXPECT_EQ(tokenizer->id_limit(), tokenizer->vocabulary_size());
  EXPECT_THROW(tokenizer->token_of(tokenizer->id_limit()), Error);
  EXPECT_EQ(tokenizer->decode(std::vector<std::int64_t>{-1}).text, "");
}

SentencePieceModel parts() {
  const auto golden = read_kind("sentencepiece_bpe_parts.json");
  SentencePieceModel model;
  model.tokens = golden["tokens"].get<std::vector<std::string>>();
  model.scores = golden["scores"].get<std::vector<double>>();
  model.types = golden["types"].get<std::vector<std::int64_t>>();
  model.remove_extra_whitespaces = true;
  return model;
}

// The model without its character map, which its parts name apart, on text that the map leaves.
TEST(SentencePiece, FromThePartsThatGgufKeeps) {
  const TempDir dir;
  write_file(dir.path() / "tokenizer.model", make_sentencepiece_model(parts()));
  const auto made = load_tokenizer(dir.path());
  const auto original = kind_tokenizer("sentencepiece_bpe");

  for (const char* text : {"Hello, world!", "  two  spaces ", "naïve 中文 😀 <sep> x", "0123"}) {
    const Encoding encoding = made->encode(text);
    EXPECT_EQ(encoding.ids, original->encode(text).ids) << text;
    EXPECT_EQ(encoding.offsets, original->encode(text).offsets) << text;
    EXPECT_EQ(made->decode(encoding.ids).text, original->decode(encoding.ids).text) << text;
  }
}

TEST(SentencePiece, PartsThatDoNotFitAreRefused) {
  SentencePieceModel short_scores = parts();
  short_scores.scores.pop_back();
  EXPECT_THROW(make_sentencepiece_model(short_scores), Error);
  SentencePieceModel wild = parts();
  wild.pad = 100000;
  EXPECT_THROW(make_sentencepiece_model(wild), Error);
}

void expect_refused(const std::filesystem::path& path, const std::string& message) {
  try {
    load_tokenizer(path);
    ADD_FAILURE() << "accepted; expected: " << message;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(path.string()));
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

TEST(SentencePiece, BadFilesAreNamed) {
  const TempDir dir;
  expect_refused(dir.path(), "no tokenizer; expected one of tokenizer.json, tokenizer.model");
  write_file(dir.path() / "empty.model", "");
  expect_refused(dir.path() / "empty.model", "not a SentencePiece model");
  write_file(dir.path() / "text.model", "this is not a model");
  expect_refused(dir.path() / "text.model", "not a SentencePiece model");
  expect_refused(dir.path() / "absent.model", "cannot be opened");
}

TEST(SentencePiece, AModelCutShortAnywhereIsRefusedOrLoads) {
  const TempDir dir;
  const std::string bytes = model_bytes();
  const auto file = dir.path() / "cut.model";
  for (std::size_t size = 0; size < bytes.size(); size += 97) {
    write_file(file, bytes.substr(0, size));
    try {
      load_tokenizer(file)->encode("text");
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(file.string()));
    }
  }
}

}  // namespace
}  // namespace alarm_dist::testing

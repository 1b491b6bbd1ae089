// SPDX-License-Identifier: Apache-2.0
// Small models on which versions of SentencePiece differ, against PyPI `sentencepiece` by
// tests/golden/make_sentencepiece_models.py; and the parts of model files.
#include <gtest/gtest.h>

#include "alarm/base/digest.hpp"
#include "alarm/base/error.hpp"
#include "alarm/text/sentencepiece_model.hpp"

#include "support/temp_dir.hpp"
#include "text/kinds_golden.hpp"

namespace alarm_dist::testing {
namespace {

using nlohmann::json;

std::unique_ptr<Tokenizer> load_model(const std::string& bytes) {
  const TempDir dir;
  write_file(dir.path() / "tokenizer.model", bytes);
  return load_tokenizer(dir.path());
}

const json& golden() {
  static const json parsed = read_kind("sentencepiece_models.json");
  return parsed;
}

class SmallSentencePiece : public ::testing::TestWithParam<std::string> {
 protected:
  const json& model() const {
    for (const json& each : golden()["models"]) {
      if (each["name"] == GetParam()) return each;
    }
    throw Error("sentencepiece_models.json has no model " + GetParam());
  }
};

TEST_P(SmallSentencePiece, EqualsTheOracle) {
  const auto tokenizer = load_model(from_hex(model()["model"]));
  auto texts = golden()["lines"].get<std::vector<std::string>>();

  const json& ids = model()["ids"];
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(json(tokenizer->encode(texts[i]).ids), ids[i]) << texts[i];
  }

  texts.insert(texts.end(), hostile_texts().begin(), hostile_texts().end());
  texts.insert(texts.end(), hostile_bytes().begin(), hostile_bytes().end());
  std::string all;
  for (const std::string& text : texts) all += numbers_of(tokenizer->encode(text), "");
  EXPECT_EQ(digest(all), model()["digest"]);
}

INSTANTIATE_TEST_SUITE_P(Models, SmallSentencePiece,
                         ::testing::Values("plain", "bytes", "great", "mapped", "suffix",
                                           "unmarked", "all_spaces", "bpe", "bpe_bytes", "word",
                                           "character"),
                         [](const auto& model) { return model.param; });

SentencePieceModel some_parts() {
  using Algorithm = SentencePieceModel::Algorithm;
  return {.algorithm = Algorithm::kUnigram,
          .tokens = {"<unk>", "a", "▁b", "<c>"},
          .scores = {0, -1.5, -0.25, 1e6},
          .types = {2, 1, 1, 4},
          .character_map = std::string("\x00\x01\xff", 3),
          .add_space_prefix = false,
          .remove_extra_whitespaces = true,
          .mark_spaces = false,
          .space_is_suffix = true,
          .unknown = 0,
          .begin = -1,
          .end = 3,
          .pad = -1};
}

TEST(SentencePieceModel, PartsComeBackAsTheyWere) {
  const SentencePieceModel parts = some_parts();

  const auto read = read_sentencepiece_model(make_sentencepiece_model(parts), "m");

  EXPECT_EQ(read, parts);
}

// What a file does not say has the defaults of the format, not those of GGUF.
TEST(SentencePieceModel, AnEmptyOneHasTheDefaultsOfTheFormat) {
  SentencePieceModel expected;
  expected.algorithm = SentencePieceModel::Algorithm::kUnigram;
  expected.remove_extra_whitespaces = true;

  EXPECT_EQ(read_sentencepiece_model("", "m"), expected);
}

TEST(SentencePieceModel, CutShortItIsAnErrorThatNamesTheFile) {
  const std::string bytes = make_sentencepiece_model(some_parts());
  int refused = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    try {
      read_sentencepiece_model(std::string_view(bytes).substr(0, size), "some.model");
    } catch (const Error& error) {
      ++refused;
      EXPECT_TRUE(std::string_view(error.what()).find("some.model: cut short") !=
                  std::string_view::npos)
          << error.what();
    }
  }
  // Six messages follow each other: only between them does a cut leave whole ones.
  EXPECT_EQ(refused, static_cast<int>(bytes.size()) - 6);
}

TEST(SentencePieceModel, WhatNoWriterWritesIsAnError) {
  const std::string group = "\x0b";                     // of wire type 3
  const std::string endless = std::string(11, '\xff');  // a number without an end

  EXPECT_THROW(read_sentencepiece_model(group, "m"), Error);
  EXPECT_THROW(read_sentencepiece_model(endless, "m"), Error);
}

// libsentencepiece loads a score that is no number; its search would go astray.
TEST(SentencePieceModel, AScoreThatIsNoNumberIsRefused) {
  SentencePieceModel parts = some_parts();
  parts.character_map.clear();
  parts.end = -1;
  EXPECT_EQ(load_model(make_sentencepiece_model(parts))->encode("a").ids,
            std::vector<std::int64_t>{1});

  parts.scores[1] = std::numeric_limits<double>::quiet_NaN();

  EXPECT_THROW(load_model(make_sentencepiece_model(parts)), Error);
}

}  // namespace
}  // namespace alarm_dist::testing

// SPDX-License-Identifier: Apache-2.0
// What a tokenizer.json may say: options that change the result, and settings that are refused by
// name.
#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

#include "support/temp_dir.hpp"
#include "text/golden.hpp"

namespace alarm_dist::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// a, b, c, space and what they merge to.
json tiny_bpe() {
  return json::parse(R"({
    "added_tokens": [{"id": 9, "content": "<e>", "special": true, "normalized": false}],
    "normalizer": null,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
    "post_processor": null,
    "decoder": {"type": "ByteLevel"},
    "model": {"type": "BPE", "merges": ["a b", "ab c", "b c"],
              "vocab": {"a": 0, "b": 1, "c": 2, "Ġ": 3, "ab": 4, "abc": 5, "bc": 6, "<e>": 9}}})");
}

json tiny_wordpiece() {
  return json::parse(R"({
    "added_tokens": [{"id": 1, "content": "[CLS]", "special": true}, {"id": 2, "content": "[SEP]", "special": true}],
    "normalizer": {"type": "BertNormalizer", "lowercase": true},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 1], "sep": ["[SEP]", 2]},
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "max_input_chars_per_word": 5,
              "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "un": 3, "##do": 4, "##ne": 5, ".": 6, "n": 7}}})");
}

std::unique_ptr<Tokenizer> parse(const json& document) {
  return parse_tokenizer(document.dump(), "tiny.json");
}

std::vector<std::int64_t> ids(const json& document, const std::string& text,
                              const EncodeOptions& options = {}) {
  return parse(document)->encode(text, options).ids;
}

void expect_refused(const json& document, const std::string& message) {
  try {
    parse(document);
    ADD_FAILURE() << "accepted; expected: " << message;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("tiny.json"));
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

using Ids = std::vector<std::int64_t>;

TEST(TokenizerJson, MergesByRankThenFromTheLeft) {
  EXPECT_EQ(ids(tiny_bpe(), "abc"), (Ids{5}));
  EXPECT_EQ(ids(tiny_bpe(), "bcab abab"), (Ids{6, 4, 3, 4, 4}));
  json b_first = tiny_bpe();
  b_first["model"]["merges"] = {"b c", "a b"};
  EXPECT_EQ(ids(b_first, "abc"), (Ids{0, 6}));
}

TEST(TokenizerJson, MergesAsPairs) {
  json pairs = tiny_bpe();
  pairs["model"]["merges"] = json::parse(R"([["a", "b"], ["ab", "c"], ["b", "c"]])");

  EXPECT_EQ(ids(pairs, "abc bc"), ids(tiny_bpe(), "abc bc"));
}

TEST(TokenizerJson, IgnoreMergesTakesWholeWords) {
  json whole = tiny_bpe();
  whole["model"]["merges"] = json::array();
  EXPECT_EQ(ids(whole, "abc"), (Ids{0, 1, 2}));
  whole["model"]["ignore_merges"] = true;
  EXPECT_EQ(ids(whole, "abc"), (Ids{5}));
}

TEST(TokenizerJson, PrefixSpaceHasNoBytesOfItsOwn) {
  json prefixed = tiny_bpe();
  prefixed["pre_tokenizer"]["add_prefix_space"] = true;

  const Encoding encoding = parse(prefixed)->encode("ab");

  EXPECT_EQ(encoding.ids, (Ids{3, 4}));
  EXPECT_EQ(encoding.offsets, (std::vector<Span>{{0, 1}, {0, 2}}));
}

TEST(TokenizerJson, TrimOffsetsTakesSpacesOff) {
  json trimmed = tiny_bpe();
  trimmed["model"]["vocab"]["Ġa"] = 7;
  trimmed["model"]["merges"] = {"Ġ a"};
  EXPECT_EQ(parse(trimmed)->encode("b a").offsets, (std::vector<Span>{{0, 1}, {1, 3}}));
  trimmed["post_processor"] = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}};
  EXPECT_EQ(parse(trimmed)->encode("b a").offsets, (std::vector<Span>{{0, 1}, {2, 3}}));
}

TEST(TokenizerJson, AddedTokensTakeSpaceAndMindWords) {
  json strip = tiny_bpe();
  strip["added_tokens"][0]["lstrip"] = strip["added_tokens"][0]["rstrip"] = true;
  EXPECT_EQ(parse(strip)->encode("a <e> b").offsets, (std::vector<Span>{{0, 1}, {1, 6}, {6, 7}}));
  json word = tiny_bpe();
  word["added_tokens"][0]["content"] = "b";
  word["added_tokens"][0]["id"] = 1;
  word["added_tokens"][0]["single_word"] = true;
  EXPECT_EQ(ids(word, "abc b"), (Ids{5, 3, 1}));
}

TEST(TokenizerJson, LongestAddedTokenWins) {
  json two = tiny_bpe();
  two["added_tokens"].push_back({{"id", 10}, {"content", "<e><e>"}, {"special", true}});
  two["added_tokens"][1]["normalized"] = false;

  EXPECT_EQ(ids(two, "<e><e><e>"), (Ids{10, 9}));
}

TEST(TokenizerJson, WordPieceTakesTheLongestOrNothing) {
  EXPECT_EQ(ids(tiny_wordpiece(), "Undo. unx n"), (Ids{3, 4, 6, 0, 7}));
  EXPECT_EQ(ids(tiny_wordpiece(), "undone"), (Ids{0}));  // six characters, five allowed
}

TEST(TokenizerJson, SpecialTokensAndLimit) {
  EXPECT_EQ(ids(tiny_wordpiece(), "un do n", {.special_tokens = true}), (Ids{1, 3, 0, 7, 2}));
  EXPECT_EQ(ids(tiny_wordpiece(), "un do n", {.special_tokens = true, .max_tokens = 4}),
            (Ids{1, 3, 0, 2}));
  EXPECT_EQ(ids(tiny_wordpiece(), "un do n", {.max_tokens = 2}), (Ids{3, 0}));
  EXPECT_THROW(ids(tiny_wordpiece(), "un", {.special_tokens = true, .max_tokens = 1}), Error);
  EXPECT_EQ(parse(tiny_wordpiece())->encode("n", {.special_tokens = true}).offsets,
            (std::vector<Span>{{0, 0}, {0, 1}, {0, 0}}));
}

TEST(TokenizerJson, MiniLmTemplateAddsClsAndSep) {
  const auto encoding = minilm_tokenizer().encode("hello", {.special_tokens = true});

  EXPECT_EQ(encoding.ids, (Ids{101, 7592, 102}));
}

TEST(TokenizerJson, DecodedOffsetsGiveACharacterToTheTokenThatCompletesIt) {
  const Tokenizer& tokenizer = smollm_tokenizer();
  const std::string text = "a 😀<|im_end|>é";
  const auto tokens = tokenizer.encode(text).ids;

  const DecodedText decoded = tokenizer.decode(tokens);

  EXPECT_EQ(decoded.text, "a 😀é");
  std::int64_t covered = 0;
  for (const Span& span : decoded.offsets) {
    EXPECT_EQ(span.begin, covered);
    covered = span.end;
  }
  EXPECT_EQ(covered, static_cast<std::int64_t>(decoded.text.size()));
}

TEST(TokenizerJson, WordPieceDecodeJoinsPunctuation) {
  const auto tokens =
      minilm_tokenizer().encode("It's unbelievable, isn't it?", {.special_tokens = true}).ids;

  EXPECT_EQ(minilm_tokenizer().decode(tokens).text, "it ' s unbelievable, isn ' t it?");
}

// PyPI tokenizers 0.23.3, decoders.Sequence([ByteFallback(), Replace(Regex("é|ab"), "X")]).
TEST(TokenizerJson, AStepBehindByteFallbackSeesWholeRuns) {
  json document = tiny_bpe();
  document["decoder"] = json::parse(R"({"type": "Sequence", "decoders": [{"type": "ByteFallback"},
      {"type": "Replace", "pattern": {"Regex": "é|ab"}, "content": "X"}]})");
  const std::array<const char*, 4> tokens = {"<0xC3>", "<0xA9>", "<0x61>", "<0x62>"};
  for (std::int64_t id = 20; const char* token : tokens) document["model"]["vocab"][token] = id++;

  EXPECT_EQ(parse(document)->decode(Ids{20, 21, 22, 23, 0, 1, 20}).text, "XXab\xEF\xBF\xBD");
}

TEST(TokenizerJson, UnsupportedIsRefusedByName) {
  const auto changed = [](const char* pointer, const json& value) {
    json document = tiny_bpe();
    document[json::json_pointer(pointer)] = value;
    return document;
  };
  expect_refused(changed("/normalizer", {{"type", "Rot13"}}),
                 "normalizer: normalizer \"Rot13\" is not supported; supported: BertNormalizer, "
                 "ByteLevel, Lowercase, NFC");
  expect_refused(
      changed("/pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", {{{"type", "Chunks"}}}}}),
      "pre_tokenizer.pretokenizers[0]: pre-tokenizer \"Chunks\" is not supported; supported: ");
  expect_refused(changed("/decoder", {{"type", "CTC"}}), "decoder: decoder \"CTC\"");
  expect_refused(changed("/post_processor", {{"type", "Custom"}}),
                 "post_processor: post-processor \"Custom\"");
  expect_refused(changed("/model/type", "Bigram"),
                 "model: model \"Bigram\" is not supported; supported: BPE, Unigram, WordLevel, "
                 "WordPiece");
  expect_refused(changed("/model/type", "Unigram"), "model.vocab: expected an array, found object");
  expect_refused(changed("/model/dropout", 0.1), "model: dropout");
  expect_refused(
      changed("/pre_tokenizer",
              {{"type", "Split"}, {"pattern", {{"String", "a"}}}, {"behavior", "MergedWithAll"}}),
      "pre_tokenizer.behavior: split behavior \"MergedWithAll\" is not supported; "
      "supported: Removed, Isolated");
  expect_refused(changed("/normalizer", {{"type", "Precompiled"}, {"precompiled_charsmap", "?"}}),
                 "normalizer.precompiled_charsmap: not base64");
  expect_refused(
      changed("/normalizer", {{"type", "Precompiled"}, {"precompiled_charsmap", "/////w=="}}),
      "normalizer.precompiled_charsmap: a trie of 4294967295 bytes in 0 bytes");
}

TEST(TokenizerJson, AnIdLimitCoversGaps) {
  const auto tokenizer = parse(tiny_bpe());

  EXPECT_EQ(tokenizer->vocabulary_size(), 8);
  EXPECT_EQ(tokenizer->id_limit(), 10);
}

TEST(TokenizerJson, MistakesAreNamedByKey) {
  json document = tiny_bpe();
  document["model"]["merges"][1] = "ab x";
  expect_refused(document, "model.merges[1]: token \"abx\" is not in the vocabulary");
  document["model"]["merges"][1] = "a b c";
  expect_refused(document, "model.merges[1]: expected two tokens with one space");
  document = tiny_bpe();
  document["model"]["vocab"]["a"] = "zero";
  expect_refused(document, "model.vocab.a: expected an integer, found string");
  document = tiny_bpe();
  document["model"]["vocab"]["x"] = 0;
  expect_refused(document, "id 0 has two tokens");
  document = tiny_bpe();
  document.erase("model");
  expect_refused(document, "key \"model\" is missing");
  document = tiny_bpe();
  document["pre_tokenizer"] = {
      {"type", "Split"}, {"behavior", "Isolated"}, {"pattern", {{"Regex", "(a"}}}};
  expect_refused(document, "regular expression (a");
  EXPECT_THROW(parse_tokenizer("{", "tiny.json"), Error);
  EXPECT_THROW(load_tokenizer("/nowhere/tokenizer.json"), Error);
}

TEST(TokenizerJson, QueriesOutOfRangeThrow) {
  const auto tokenizer = parse(tiny_bpe());

  EXPECT_EQ(tokenizer->vocabulary_size(), 8);
  EXPECT_EQ(tokenizer->id_of("abc"), 5);
  EXPECT_EQ(tokenizer->id_of("x"), std::nullopt);
  EXPECT_EQ(tokenizer->token_of(9), "<e>");
  EXPECT_THROW(tokenizer->token_of(8), Error);
  EXPECT_THROW(tokenizer->token_of(-1), Error);
  EXPECT_THROW(tokenizer->encode("\xff"), Error);
}

TEST(BpeTokenizerJson, RefusesWhatDoesNotFit) {
  EXPECT_THROW(make_bpe_tokenizer_json({"a"}, {}, {1}, "unknown"), Error);
  EXPECT_THROW(make_bpe_tokenizer_json({"a", "a"}, {}, {1, 1}, "gpt-2"), Error);
  EXPECT_THROW(make_bpe_tokenizer_json({"a"}, {}, {1, 1}, "gpt-2"), Error);
  EXPECT_THROW(make_bpe_tokenizer_json({"\xff"}, {}, {1}, "gpt-2"), Error);
}

// The last token tells whether the vocabulary has capitals.
std::string tiny_wordpiece(const std::string& word) {
  return make_wordpiece_tokenizer_json(
      {"[UNK]", "[CLS]", "[SEP]", "\u2581the", "s", "[unused1]", "\u2581" + word},
      {3, 3, 3, 1, 1, 1, 1}, {.unknown = 0, .begin = 1, .end = 2});
}

TEST(WordPieceTokenizerJson, WordsAreMarkedInsideInsteadOfBefore) {
  const auto tokenizer = parse_tokenizer(tiny_wordpiece("a"), "tiny.json");

  EXPECT_EQ(tokenizer->encode("Thes A", {.special_tokens = true}).ids,
            (std::vector<std::int64_t>{1, 3, 4, 6, 2}));
  EXPECT_EQ(tokenizer->token_of(4), "##s");
  EXPECT_EQ(tokenizer->token_of(5), "[unused1]");
}

TEST(WordPieceTokenizerJson, ACapitalInTheVocabularyKeepsTheCase) {
  const auto tokenizer = parse_tokenizer(tiny_wordpiece("A"), "tiny.json");

  EXPECT_EQ(tokenizer->encode("the The A").ids, (std::vector<std::int64_t>{3, 0, 6}));
}

TEST(WordPieceTokenizerJson, RefusesWhatDoesNotFit) {
  const WordPieceSpecials good{.unknown = 0, .begin = 0, .end = 0};
  EXPECT_THROW(make_wordpiece_tokenizer_json({"a"}, {1, 1}, good), Error);
  EXPECT_THROW(make_wordpiece_tokenizer_json({"a"}, {1}, {}), Error);
  EXPECT_THROW(make_wordpiece_tokenizer_json({"[UNK]", "a", "a"}, {3, 1, 1}, good), Error);
}

TEST(BpeTokenizerJson, LongWordsAreNotQuadratic) {
  std::string word;
  for (int i = 0; i < 200000; ++i) word += "ab"[i % 7 == 0];

  EXPECT_FALSE(smollm_tokenizer().encode(word).ids.empty());
}

}  // namespace
}  // namespace alarm_dist::testing

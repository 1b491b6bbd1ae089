// SPDX-License-Identifier: Apache-2.0
// Writes the tokenizer.json that corresponds to a GGUF file's WordPiece tokenizer.
#include <algorithm>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/text/sentencepiece_model.hpp"
#include "alarm/text/tokenizer.hpp"

#include "text/tokenizer_json_parts.hpp"

namespace alarm_dist {
namespace {

using nlohmann::json;

constexpr std::string_view kWordMark = "\xE2\x96\x81";  // U+2581
constexpr std::string_view kInnerMark = "##";

// "[unused7]", which older converters leave as it is without calling it a control token.
bool is_bracketed(const std::string& token) {
  return token.size() > 2 && token.front() == '[' && token.back() == ']';
}

// GGUF marks the beginnings of words, Hugging Face what is inside of them.
std::string with_inner_mark(const std::string& token) {
  if (token.starts_with(kWordMark)) return token.substr(kWordMark.size());
  return std::string(kInnerMark) + token;
}

bool has_capital(const std::string& token) {
  return std::ranges::any_of(token, [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

std::string make_wordpiece_tokenizer_json(const std::vector<std::string>& tokens,
                                          std::vector<std::int64_t> types,
                                          const WordPieceSpecials& specials) {
  ALARM_CHECK(types.size() == tokens.size(), "{} tokens, but {} token types", tokens.size(),
              types.size());
  for (const auto id : {specials.unknown, specials.begin, specials.end}) {
    ALARM_CHECK(id >= 0 && id < static_cast<std::int64_t>(tokens.size()),
                "special token {} is outside the vocabulary of {}", id, tokens.size());
    types[static_cast<std::size_t>(id)] = piece_type::kControl;
  }
  const auto name = [&](std::int64_t id) { return tokens[static_cast<std::size_t>(id)]; };
  std::vector<std::string> words;
  bool cased = false;
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    const bool special = types[id] == piece_type::kControl || is_bracketed(tokens[id]);
    words.push_back(special ? tokens[id] : with_inner_mark(tokens[id]));
    cased = cased || (!special && has_capital(tokens[id]));
  }
  const json model = {{"type", "WordPiece"},
                      {"unk_token", name(specials.unknown)},
                      {"continuing_subword_prefix", kInnerMark},
                      {"max_input_chars_per_word", 100},
                      {"vocab", vocabulary_json(words)}};
  const json document = {
      {"version", "1.0"},
      {"truncation", nullptr},
      {"padding", nullptr},
      {"added_tokens", added_tokens_json(words, types)},
      {"normalizer",
       {{"type", "BertNormalizer"},
        {"clean_text", true},
        {"handle_chinese_chars", true},
        {"strip_accents", nullptr},
        {"lowercase", !cased}}},
      {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
      {"post_processor",
       {{"type", "BertProcessing"},
        {"sep", json::array({name(specials.end), specials.end})},
        {"cls", json::array({name(specials.begin), specials.begin})}}},
      {"decoder", {{"type", "WordPiece"}, {"prefix", kInnerMark}, {"cleanup", true}}},
      {"model", model}};
  return document.dump();
}

}  // namespace alarm_dist

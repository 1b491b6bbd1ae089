// SPDX-License-Identifier: Apache-2.0
// ByteLevel: GPT-2's words, and its alphabet of bytes.
#include <algorithm>

#include "text/byte_alphabet.hpp"
#include "text/pattern.hpp"
#include "text/pre_tokenizer.hpp"
#include "text/regex.hpp"
#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

// English contractions, then runs of letters, digits or other signs, each with the space before it.
constexpr const char* kGpt2Words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// A text with a space in front of every piece that does not begin with one; the space counts as
// part of the first character.
Words prefix_spaces(const Words& words) {
  Rewrite out(words.text);
  std::vector<Span> pieces;
  std::int64_t written = 0;
  for (const Span& piece : words.pieces) {
    out.drop(static_cast<std::size_t>(piece.begin) - out.position());
    const auto text = words.text.part(piece);
    const std::int64_t begin = written;
    const Character first = character_at(text, 0);
    std::size_t rest = text.size();
    if (first.code != U' ') {
      out.replace(U' ', first.size);
      out.put(first.code, 1);
      rest -= first.size;
      written += 1;
    }
    out.keep(rest);
    written += piece.end - piece.begin;
    pieces.push_back({begin, written});
  }
  return {out.finish(), std::move(pieces)};
}

class ByteLevel final : public PreTokenizer {
 public:
  explicit ByteLevel(const JsonField& field)
      : add_prefix_space_(field.boolean_or("add_prefix_space", true)) {
    if (!field.boolean_or("use_regex", true)) return;
    const auto words = std::make_shared<const Regex>(kGpt2Words);
    splitter_ = make_splitter([words](std::string_view text) {
      return split_at(words->find_all(text), text.size(), SplitBehavior::kIsolated);
    });
  }

  void apply(Words& words) const override {
    const auto lacks_space = [&](const Span& piece) {
      return words.text.part(piece).front() != ' ';
    };
    if (add_prefix_space_ && std::any_of(words.pieces.begin(), words.pieces.end(), lacks_space)) {
      words = prefix_spaces(words);
    }
    if (splitter_) splitter_->apply(words);
  }

 private:
  bool add_prefix_space_;
  PreTokenizerPtr splitter_;
};

class ByteAlphabet final : public PreTokenizer {
 public:
  void apply(Words& words) const override {
    Rewrite out(words.text);
    std::vector<Span> pieces;
    std::int64_t written = 0;
    for (const Span& piece : words.pieces) {
      out.drop(static_cast<std::size_t>(piece.begin) - out.position());
      const std::int64_t begin = written;
      const auto text = words.text.part(piece);
      for (std::size_t at = 0; at < text.size(); ++at) {
        const char32_t code = byte_alphabet_code(static_cast<std::uint8_t>(text[at]));
        out.put(code, is_continuation_byte(text[at]) ? 1 : 0);
        written += code < 0x80 ? 1 : 2;
      }
      pieces.push_back({begin, written});
    }
    words = {out.finish(), std::move(pieces)};
  }
};

}  // namespace

PreTokenizerPtr make_byte_level(const JsonField& field) {
  return std::make_unique<ByteLevel>(field);
}

PreTokenizerPtr make_byte_alphabet() { return std::make_unique<ByteAlphabet>(); }

}  // namespace alarm_dist

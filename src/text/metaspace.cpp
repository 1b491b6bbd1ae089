// SPDX-License-Identifier: Apache-2.0
// Metaspace: spaces become a visible character, one is put in front, and words begin at it.
#include <array>

#include "text/kinds.hpp"
#include "text/pre_tokenizer.hpp"
#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

enum class Prepend { kAlways, kFirst, kNever };  // first: only where the input begins

constexpr std::array<Kind<Prepend>, 3> kSchemes = {{
    {"always", Prepend::kAlways},
    {"first", Prepend::kFirst},
    {"never", Prepend::kNever},
}};

Prepend read_scheme(const JsonField& field) {
  if (field.has("prepend_scheme")) {
    const JsonField scheme = field.at("prepend_scheme");
    return find_named(scheme, scheme.text(), "prepend scheme", kSchemes);
  }
  return field.boolean_or("add_prefix_space", true) ? Prepend::kAlways : Prepend::kNever;
}

class Metaspace final : public PreTokenizer {
 public:
  explicit Metaspace(const JsonField& field)
      : replacement_(field.text_or("replacement", "▁")),
        scheme_(read_scheme(field)),
        split_(field.boolean_or("split", true)) {
    ALARM_CHECK(count_characters(replacement_) == 1,
                "{}.replacement: expected one character, found \"{}\"", field.where(),
                replacement_);
    code_ = character_at(replacement_, 0).code;
  }

  void apply(Words& words) const override {
    Rewrite out(words.text);
    std::vector<Span> pieces;
    std::size_t written = 0;
    for (const Span& piece : words.pieces) {
      out.drop(static_cast<std::size_t>(piece.begin) - out.position());
      const bool at_start = words.text.original(piece).begin == 0;
      written = rewrite_piece(out, words.text.part(piece), at_start, written, pieces);
    }
    words = {out.finish(), std::move(pieces)};
  }

 private:
  // Returns the bytes written in all.
  std::size_t rewrite_piece(Rewrite& out, std::string_view piece, bool at_start,
                            std::size_t written, std::vector<Span>& pieces) const {
    const auto open_piece = [&] {
      const auto here = static_cast<std::int64_t>(written);
      pieces.push_back({here, here});
    };
    open_piece();
    bool empty = true;
    const auto begins_with_mark = piece.front() == ' ' || piece.starts_with(replacement_);
    const bool prepend = !begins_with_mark &&
                         (scheme_ == Prepend::kAlways || (scheme_ == Prepend::kFirst && at_start));
    for (std::size_t at = 0; at < piece.size();) {
      const Character character = character_at(piece, at);
      const bool mark = character.code == U' ' || character.code == code_;
      if (mark && split_ && !empty) open_piece();
      if (at == 0 && prepend) {  // the mark counts as part of the first character
        out.replace(code_, character.size);
        out.put(character.code, 1);
        written += replacement_.size() + character.size;
      } else if (mark) {
        out.replace(code_, character.size);
        written += replacement_.size();
      } else {
        out.keep(character.size);
        written += character.size;
      }
      pieces.back().end = static_cast<std::int64_t>(written);
      empty = false;
      at += character.size;
    }
    return written;
  }

  std::string replacement_;
  char32_t code_ = 0;
  Prepend scheme_;
  bool split_;
};

}  // namespace

PreTokenizerPtr make_metaspace(const JsonField& field) {
  return std::make_unique<Metaspace>(field);
}

}  // namespace alarm_dist

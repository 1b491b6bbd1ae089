// SPDX-License-Identifier: Apache-2.0
// The normalizers that look at one character, or at the ends of the text.
#include "text/byte_alphabet.hpp"
#include "text/normalizer.hpp"
#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

// A normalizer that is one function of the text.
template <typename Function>
class FunctionNormalizer final : public Normalizer {
 public:
  explicit FunctionNormalizer(Function function) : function_(std::move(function)) {}
  AlignedText apply(AlignedText text) const override {
    return text.text().empty() ? text : function_(std::move(text));
  }

 private:
  Function function_;
};

template <typename Function>
std::unique_ptr<Normalizer> make(Function function) {
  return std::make_unique<FunctionNormalizer<Function>>(std::move(function));
}

// Rewrites with handle(rewrite, character), which must move the rewrite on.
template <typename Handle>
AlignedText rewrite_characters(const AlignedText& text, Handle handle) {
  Rewrite out(text);
  const std::string& bytes = text.text();
  while (out.position() < bytes.size()) handle(out, character_at(bytes, out.position()));
  return out.finish();
}

AlignedText lower(const AlignedText& text) {
  return rewrite_characters(text, [](Rewrite& out, Character character) {
    if (character.code < 0x80) {
      const bool upper = character.code >= 'A' && character.code <= 'Z';
      return out.replace(upper ? character.code + ('a' - 'A') : character.code, 1);
    }
    int change = 0;
    for (const char32_t code : lower_case(character.code)) {
      out.put(code, change);
      change = 1;
    }
  });
}

// As SentencePiece's nmt rules: controls go, separators become spaces.
bool is_nmt_control(char32_t code) {
  return (code >= 0x01 && code <= 0x08) || code == 0x0B || (code >= 0x0E && code <= 0x1F) ||
         code == 0x7F || code == 0x8F || code == 0x9F;
}

bool is_nmt_space(char32_t code) {
  return code == 0x09 || code == 0x0A || code == 0x0C || code == 0x0D || code == 0x1680 ||
         (code >= 0x200B && code <= 0x200F) || code == 0x2028 || code == 0x2029 || code == 0x2581 ||
         code == 0xFEFF || code == 0xFFFD;
}

AlignedText clean_nmt(const AlignedText& text) {
  return rewrite_characters(text, [](Rewrite& out, Character character) {
    if (is_nmt_control(character.code)) return out.drop(character.size);
    out.put(is_nmt_space(character.code) ? U' ' : character.code, 0);
  });
}

AlignedText strip(const AlignedText& text, bool left, bool right) {
  const std::string& bytes = text.text();
  std::size_t begin = 0;
  std::size_t end = bytes.size();
  while (left && begin < end && is_white_space(character_at(bytes, begin).code)) {
    begin += character_at(bytes, begin).size;
  }
  while (right && end > begin) {
    const std::size_t last = previous_character(bytes, end);
    if (!is_white_space(character_at(bytes, last).code)) break;
    end = last;
  }
  return begin == end
             ? AlignedText()
             : text.slice({static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end)});
}

// The text in front counts as part of the first character.
AlignedText prepend(const AlignedText& text, const std::string& prefix) {
  Rewrite out(text);
  const Character first = character_at(text.text(), 0);
  for (std::size_t at = 0; at < prefix.size();) {
    const Character character = character_at(prefix, at);
    out.put(character.code, at == 0 ? 0 : 1);
    at += character.size;
  }
  out.put(first.code, prefix.empty() ? 0 : 1);
  out.keep(text.text().size() - first.size);
  return out.finish();
}

}  // namespace

std::unique_ptr<Normalizer> make_lowercase(const JsonField&) {
  return make([](const AlignedText& text) { return lower(text); });
}

std::unique_ptr<Normalizer> make_nmt(const JsonField&) {
  return make([](const AlignedText& text) { return clean_nmt(text); });
}

std::unique_ptr<Normalizer> make_strip_accents(const JsonField&) {
  return make([](AlignedText text) {
    if (is_ascii(text.text())) return text;
    return rewrite_characters(text, [](Rewrite& out, Character character) {
      if (is_mark(character.code)) return out.drop(character.size);
      out.keep(character.size);
    });
  });
}

std::unique_ptr<Normalizer> make_strip_normalizer(const JsonField& field) {
  const bool left = field.boolean_or("strip_left", true);
  const bool right = field.boolean_or("strip_right", true);
  return make([left, right](const AlignedText& text) { return strip(text, left, right); });
}

std::unique_ptr<Normalizer> make_prepend(const JsonField& field) {
  const std::string prefix = field.at("prepend").text();
  return make([prefix](const AlignedText& text) { return prepend(text, prefix); });
}

std::unique_ptr<Normalizer> make_byte_level_normalizer(const JsonField&) {
  return make([](const AlignedText& text) {
    return rewrite_characters(text, [&](Rewrite& out, Character character) {
      const std::size_t at = out.position();
      for (std::size_t i = 0; i < character.size; ++i) {
        out.put(byte_alphabet_code(static_cast<std::uint8_t>(text.text()[at + i])), i == 0 ? 0 : 1);
      }
    });
  });
}

}  // namespace alarm_dist

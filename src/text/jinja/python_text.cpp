// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/python_text.hpp"

#include <algorithm>
#include <cstring>

#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "text/unicode.hpp"

namespace alarm_dist::jinja {
namespace {

icu::UnicodeString to_icu(std::string_view text) {
  return icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
}

std::string from_icu(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

std::string title_case_of(char32_t code) {
  icu::UnicodeString text(static_cast<UChar32>(code));
  return from_icu(text.toTitle(nullptr, icu::Locale::getRoot(), U_TITLECASE_NO_BREAK_ADJUSTMENT));
}

bool is_cased(char32_t code) {
  return u_hasBinaryProperty(static_cast<UChar32>(code), UCHAR_CASED) != 0;
}

// The start of the last character of a text that is not empty.
std::size_t last_character(std::string_view text) {
  std::size_t begin = text.size() - 1;
  while (begin > 0 && is_continuation_byte(text[begin])) --begin;
  return begin;
}

}  // namespace

bool is_space(char32_t code) {
  return (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x20) || code == 0x85 ||
         code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
         code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

std::u32string to_characters(std::string_view text) {
  std::u32string characters;
  characters.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const Character character = character_at(text, i);
    characters += character.code;
    i += character.size;
  }
  return characters;
}

std::string to_utf8(std::u32string_view characters) {
  std::string text;
  for (const char32_t code : characters) append_utf8(text, code);
  return text;
}

std::string_view strip(std::string_view text, Side side,
                       std::optional<std::string_view> characters) {
  std::u32string set = characters ? to_characters(*characters) : std::u32string();
  std::sort(set.begin(), set.end());
  const auto goes = [&](char32_t code) {
    return characters ? std::binary_search(set.begin(), set.end(), code) : is_space(code);
  };
  while (side != Side::kRight && !text.empty()) {
    const Character first = character_at(text, 0);
    if (!goes(first.code)) break;
    text.remove_prefix(first.size);
  }
  while (side != Side::kLeft && !text.empty()) {
    const std::size_t begin = last_character(text);
    if (!goes(character_at(text, begin).code)) break;
    text = text.substr(0, begin);
  }
  return text;
}

std::string upper(std::string_view text) {
  return from_icu(to_icu(text).toUpper(icu::Locale::getRoot()));
}

std::string lower(std::string_view text) {
  return from_icu(to_icu(text).toLower(icu::Locale::getRoot()));
}

std::string capitalize(std::string_view text) {
  if (text.empty()) return {};
  // The whole is lowered first: a sigma at the end of a word looks at what stands before it.
  const Character first = character_at(text, 0);
  const std::u32string low = to_characters(lower(text));
  const std::u32string first_low = to_characters(lower(text.substr(0, first.size)));
  return title_case_of(first.code) + to_utf8(std::u32string_view(low).substr(first_low.size()));
}

std::string title(std::string_view text) {
  std::string out;
  bool within_word = false;
  for (std::size_t i = 0; i < text.size();) {
    const Character character = character_at(text, i);
    out += within_word ? lower(text.substr(i, character.size)) : title_case_of(character.code);
    within_word = is_cased(character.code);
    i += character.size;
  }
  return out;
}

std::string filter_title(std::string_view text) {
  const auto divides = [](char32_t code) {
    return is_space(code) || std::u32string_view(U"-({[<").find(code) != std::u32string_view::npos;
  };
  std::string out;
  for (std::size_t begin = 0; begin < text.size();) {
    const Character first = character_at(text, begin);
    std::size_t end = begin + first.size;
    while (end < text.size()) {
      const Character next = character_at(text, end);
      if (divides(next.code) != divides(first.code)) break;
      end += next.size;
    }
    out += upper(text.substr(begin, first.size));
    out += lower(text.substr(begin + first.size, end - begin - first.size));
    begin = end;
  }
  return out;
}

std::size_t find(std::string_view text, std::string_view part, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  if (part.empty()) return from;
  const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::size_t find_last(std::string_view text, std::string_view part) {
  const std::string backwards(text.rbegin(), text.rend());
  const std::size_t found = find(backwards, std::string(part.rbegin(), part.rend()));
  return found == std::string::npos ? found : text.size() - found - part.size();
}

std::size_t count(std::string_view text, std::string_view part) {
  if (part.empty()) return count_characters(text) + 1;
  std::size_t times = 0;
  for (std::size_t i = find(text, part); i != std::string_view::npos;
       i = find(text, part, i + part.size())) {
    ++times;
  }
  return times;
}

std::string replace(std::string_view text, std::string_view old, std::string_view with,
                    long long count) {
  std::string out;
  std::size_t done = 0;
  for (long long times = 0; count < 0 || times < count; ++times) {
    const std::size_t found = find(text, old, done);
    if (found == std::string_view::npos) break;
    out += text.substr(done, found - done);
    out += with;
    done = found + old.size();
    if (!old.empty()) continue;
    // Between all characters, and at both ends.
    if (done == text.size()) return out;
    const std::size_t size = character_at(text, done).size;
    out += text.substr(done, size);
    done += size;
  }
  return out += text.substr(done);
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char byte : text) {
    switch (byte) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += byte;
    }
  }
  return out;
}

}  // namespace alarm_dist::jinja

// SPDX-License-Identifier: Apache-2.0
#include "text/regex.hpp"

#include <algorithm>
#include <array>
#include <optional>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "alarm/base/error.hpp"

#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* match) const { pcre2_match_data_free(match); }
};

std::string error_text(int code) {
  PCRE2_UCHAR message[256];
  pcre2_get_error_message(code, message, sizeof(message));
  return reinterpret_cast<const char*>(message);
}

// What the shorthands mean to Oniguruma where they mean something else to PCRE2: to the latter \s
// is U+180E as well, which left White_Space in Unicode 6.3, \w lacks marks, connectors and letters
// in circles, and \h is a space.
struct Shorthand {
  char letter;
  const char* members;
};
constexpr std::array<Shorthand, 3> kShorthands = {{
    {'s', R"(\t-\r\x{85}\p{Z})"},
    {'w',
     R"(\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189}\x{B2}\x{B3}\x{B9}\x{BC}-\x{BE})"},
    {'h', "0-9a-fA-F"},
}};

// The class that stands for an escape, if it needs one.
std::optional<std::string> translated(char letter, bool in_class) {
  const char lower = static_cast<char>(letter | 0x20);
  for (const Shorthand& shorthand : kShorthands) {
    if (shorthand.letter != lower) continue;
    const bool negated = letter != lower;
    if (in_class && negated) return std::nullopt;
    return in_class ? std::string(shorthand.members)
                    : fmt::format("[{}{}]", negated ? "^" : "", shorthand.members);
  }
  return std::nullopt;
}

std::string to_pcre2(const std::string& pattern) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (pattern[i] != '\\') {
      if (pattern[i] == '[') in_class = true;
      if (pattern[i] == ']') in_class = false;
      // Oniguruma repeats the interval, PCRE2 would make it possessive.
      ALARM_CHECK(in_class || pattern[i] != '}' || next != '+',
                  "regular expression {}: a + after an interval is not supported", pattern);
      out += pattern[i];
      continue;
    }
    ++i;
    if (const auto members = translated(next, in_class)) {
      out += *members;
    } else {
      out += '\\';
      if (next != '\0') out += next;
      // \p{...}: its brace is no interval.
      if (next == 'p' || next == 'P' || next == 'x') {
        if (i + 1 < pattern.size() && pattern[i + 1] == '{') {
          const std::size_t end = std::min(pattern.find('}', i), pattern.size() - 1);
          out += pattern.substr(i + 1, end - i);
          i = end;
        }
      }
    }
  }
  return out;
}

}  // namespace

struct Regex::Impl {
  std::unique_ptr<pcre2_code, FreeCode> code;

  int match(std::string_view text, std::size_t start, pcre2_match_data* out) const {
    const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
    int found =
        pcre2_match(code.get(), subject, text.size(), start, PCRE2_NO_UTF_CHECK, out, nullptr);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) {  // the interpreter takes its memory from the heap
      const std::uint32_t options = PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT;
      found = pcre2_match(code.get(), subject, text.size(), start, options, out, nullptr);
    }
    ALARM_CHECK(found >= 0 || found == PCRE2_ERROR_NOMATCH,
                "regular expression failed on a text of {} bytes: {}", text.size(),
                error_text(found));
    return found;
  }
};

Regex::Regex(const std::string& pattern) : impl_(std::make_unique<Impl>()) {
  const std::string translated = to_pcre2(pattern);
  int error = 0;
  PCRE2_SIZE position = 0;
  impl_->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()),
                                  translated.size(), PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE,
                                  &error, &position, nullptr));
  ALARM_CHECK(impl_->code, "regular expression {}: {} at character {}", translated,
              error_text(error), position);
  pcre2_jit_compile(impl_->code.get(),
                    PCRE2_JIT_COMPLETE);  // without it matching is slower, not wrong
}

Regex::~Regex() = default;
Regex::Regex(Regex&& other) noexcept = default;
Regex& Regex::operator=(Regex&& other) noexcept = default;

std::vector<Span> Regex::find_all(std::string_view text) const {
  // One pair of offsets is enough for the whole match, whatever the number of groups.
  static thread_local const std::unique_ptr<pcre2_match_data, FreeMatch> match(
      pcre2_match_data_create(1, nullptr));
  std::vector<Span> found;
  std::optional<std::size_t> last_end;
  for (std::size_t start = 0; start <= text.size();) {
    if (impl_->match(text, start, match.get()) < 0) break;
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.get());
    const std::size_t begin = range[0];
    const std::size_t end = range[1];
    if (begin == end && last_end == end) {
      start += start < text.size() ? character_at(text, start).size : 1;
      continue;
    }
    found.push_back({static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end)});
    start = end;
    last_end = end;
  }
  return found;
}

}  // namespace alarm_dist

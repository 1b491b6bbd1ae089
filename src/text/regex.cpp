// SPDX-License-Identifier: Apache-2.0
#include "text/regex.hpp"

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

// PCRE2's \s also matches U+180E, which left White_Space in Unicode 6.3; Oniguruma's does not.
std::string with_unicode_spaces(const std::string& pattern) {
  static const std::string kSpaces = R"(\t-\r\x{85}\p{Z})";
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (pattern[i] != '\\') {
      if (pattern[i] == '[') in_class = true;
      if (pattern[i] == ']') in_class = false;
      out += pattern[i];
      continue;
    }
    ++i;
    if (next == 's') {
      out += in_class ? kSpaces : "[" + kSpaces + "]";
    } else if (next == 'S' && !in_class) {
      out += "[^" + kSpaces + "]";
    } else {
      out += '\\';
      if (next != '\0') out += next;
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
  const std::string translated = with_unicode_spaces(pattern);
  int error = 0;
  PCRE2_SIZE position = 0;
  impl_->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()),
                                  translated.size(), PCRE2_UTF | PCRE2_UCP, &error, &position,
                                  nullptr));
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
  for (std::size_t start = 0; start < text.size();) {
    if (impl_->match(text, start, match.get()) < 0) break;
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.get());
    const std::size_t begin = range[0];
    const std::size_t end = range[1];
    if (end > begin)
      found.push_back({static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end)});
    start = end > begin         ? end
            : end < text.size() ? end + character_at(text, end).size
                                : text.size();
  }
  return found;
}

}  // namespace alarm_dist

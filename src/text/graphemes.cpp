// SPDX-License-Identifier: Apache-2.0
#include "text/graphemes.hpp"

#include <memory>

#include <unicode/brkiter.h>
#include <unicode/uchar.h>
#include <unicode/utext.h>

#include "alarm/base/error.hpp"

#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

// Two ordinary characters side by side always belong to different clusters.
bool is_ordinary(char32_t code) {
  if (code < 0x80) return code >= 0x20 && code != 0x7F;
  return u_getIntPropertyValue(static_cast<UChar32>(code), UCHAR_GRAPHEME_CLUSTER_BREAK) ==
         U_GCB_OTHER;
}

void check(UErrorCode status, const char* what) {
  ALARM_CHECK(U_SUCCESS(status), "{}: {}", what, u_errorName(status));
}

icu::BreakIterator& break_iterator() {
  static thread_local const std::unique_ptr<icu::BreakIterator> iterator = [] {
    UErrorCode status = U_ZERO_ERROR;
    std::unique_ptr<icu::BreakIterator> made(
        icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
    check(status, "ICU has no rules for grapheme clusters");
    return made;
  }();
  return *iterator;
}

struct CloseText {
  void operator()(UText* text) const { utext_close(text); }
};

void split_with_icu(std::string_view text, const std::function<void(std::string_view)>& handle) {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UText, CloseText> utext(
      utext_openUTF8(nullptr, text.data(), static_cast<std::int64_t>(text.size()), &status));
  check(status, "ICU does not open a text");
  icu::BreakIterator& breaks = break_iterator();
  breaks.setText(utext.get(), status);
  check(status, "ICU does not split a text");
  std::int32_t begin = breaks.first();
  for (std::int32_t end = breaks.next(); end != icu::BreakIterator::DONE; end = breaks.next()) {
    handle(text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
    begin = end;
  }
}

}  // namespace

void for_each_grapheme(std::string_view text, const std::function<void(std::string_view)>& handle) {
  std::size_t begin = 0;  // of a stretch without two ordinary characters side by side
  bool single = true;     // the stretch is one character so far
  bool ordinary = false;
  const auto close = [&](std::size_t end) {
    const auto stretch = text.substr(begin, end - begin);
    if (single) {
      handle(stretch);
    } else {
      split_with_icu(stretch, handle);
    }
    begin = end;
  };
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    const bool next_ordinary = is_ordinary(character.code);
    if (at > begin && ordinary && next_ordinary) {
      close(at);
      single = true;
    } else if (at > begin) {
      single = false;
    }
    ordinary = next_ordinary;
    at += character.size;
  }
  if (begin < text.size()) close(text.size());
}

}  // namespace alarm_dist

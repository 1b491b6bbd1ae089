// SPDX-License-Identifier: Apache-2.0
// str.split, rsplit and splitlines.
#include <algorithm>

#include "text/jinja/failure.hpp"
#include "text/jinja/python_text.hpp"
#include "text/unicode.hpp"

namespace alarm_dist::jinja {
namespace {

using Parts = std::vector<std::string_view>;

bool goes_on(const Parts& parts, long long limit) {
  return limit < 0 || static_cast<long long>(parts.size()) < limit;
}

std::size_t word_size(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size()) {
    const Character next = character_at(text, end);
    if (is_space(next.code)) break;
    end += next.size;
  }
  return end;
}

Parts split_at_space(std::string_view text, long long limit) {
  Parts parts;
  text = strip(text, Side::kLeft);
  while (!text.empty() && goes_on(parts, limit)) {
    const std::size_t size = word_size(text);
    parts.push_back(text.substr(0, size));
    text = strip(text.substr(size), Side::kLeft);
  }
  if (!text.empty()) parts.push_back(text);
  return parts;
}

// The last `limit` words; what stands before them is the first part.
Parts split_right_at_space(std::string_view text, long long limit) {
  Parts words = split_at_space(text, -1);
  if (limit < 0 || static_cast<long long>(words.size()) <= limit) return words;
  const std::size_t joined = words.size() - static_cast<std::size_t>(limit);
  const auto& last = words[joined - 1];
  const auto begin = text.data();
  // From the start: rsplit leaves white space there.
  Parts parts = {text.substr(0, static_cast<std::size_t>(last.data() + last.size() - begin))};
  parts.insert(parts.end(), words.begin() + static_cast<std::ptrdiff_t>(joined), words.end());
  return parts;
}

bool ends_line(char32_t code) {
  return (code >= 0x0A && code <= 0x0D) || (code >= 0x1C && code <= 0x1E) || code == 0x85 ||
         code == 0x2028 || code == 0x2029;
}

}  // namespace

Parts split(std::string_view text, std::optional<std::string_view> separator, long long limit) {
  if (!separator) return split_at_space(text, limit);
  if (separator->empty()) fail("split: the separator is empty");
  Parts parts;
  std::size_t begin = 0;
  while (goes_on(parts, limit)) {
    const std::size_t found = find(text, *separator, begin);
    if (found == std::string_view::npos) break;
    parts.push_back(text.substr(begin, found - begin));
    begin = found + separator->size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

Parts split_right(std::string_view text, std::optional<std::string_view> separator,
                  long long limit) {
  if (!separator) return split_right_at_space(text, limit);
  if (separator->empty()) fail("rsplit: the separator is empty");
  // Backwards, a split from the left: searching from the right would not be linear.
  const std::string backwards(text.rbegin(), text.rend());
  const std::string mark(separator->rbegin(), separator->rend());
  Parts parts;
  for (const auto part : split(backwards, mark, limit)) {
    const auto end = static_cast<std::size_t>(part.data() - backwards.data()) + part.size();
    parts.push_back(text.substr(text.size() - end, part.size()));
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

Parts split_lines(std::string_view text, bool keep_ends) {
  Parts lines;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Character character = character_at(text, i);
    std::size_t end = i + character.size;
    if (ends_line(character.code)) {
      if (character.code == '\r' && end < text.size() && text[end] == '\n') ++end;
      lines.push_back(text.substr(begin, (keep_ends ? end : i) - begin));
      begin = end;
    }
    i = end;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

}  // namespace alarm_dist::jinja

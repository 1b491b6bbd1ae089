// SPDX-License-Identifier: Apache-2.0
#include "text/aligned_text.hpp"

#include "text/unicode.hpp"

namespace alarm_dist {

Span AlignedText::original(Span range) const {
  if (!origins_.empty()) {
    if (range.begin == range.end) return {};
    return {origins_[static_cast<std::size_t>(range.begin)].begin,
            origins_[static_cast<std::size_t>(range.end - 1)].end};
  }
  const auto continues = [&](std::int64_t at) {
    return at < static_cast<std::int64_t>(text_.size()) &&
           is_continuation_byte(text_[static_cast<std::size_t>(at)]);
  };
  while (range.begin > 0 && continues(range.begin)) --range.begin;
  while (continues(range.end)) ++range.end;
  return {begin_ + range.begin, begin_ + range.end};
}

AlignedText AlignedText::slice(Span range) const {
  AlignedText out;
  const auto size = static_cast<std::size_t>(range.end - range.begin);
  out.text_ = text_.substr(static_cast<std::size_t>(range.begin), size);
  out.begin_ = begin_ + range.begin;
  if (!origins_.empty()) {
    out.origins_.assign(origins_.begin() + range.begin, origins_.begin() + range.end);
  }
  return out;
}

void AlignedText::prepend_space() {
  AlignedText out;
  const auto at = [&](std::size_t byte) { return static_cast<std::int64_t>(byte); };
  out.append(U' ', original({0, at(character_at(text_, 0).size)}));
  for (std::size_t i = 0; i < text_.size();) {
    const Character character = character_at(text_, i);
    out.append(character.code, original({at(i), at(i + character.size)}));
    i += character.size;
  }
  *this = std::move(out);
}

void AlignedText::append(char32_t code, Span origin) {
  append_utf8(text_, code);
  origins_.resize(text_.size(), origin);
}

}  // namespace alarm_dist

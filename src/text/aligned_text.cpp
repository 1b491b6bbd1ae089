// SPDX-License-Identifier: Apache-2.0
#include "text/aligned_text.hpp"

#include <algorithm>

#include "text/unicode.hpp"

namespace alarm_dist {

std::string_view AlignedText::part(Span range) const {
  return std::string_view(text_).substr(static_cast<std::size_t>(range.begin),
                                        static_cast<std::size_t>(range.end - range.begin));
}

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
  out.text_ = part(range);
  out.begin_ = original(range).begin;
  if (!origins_.empty()) {
    out.origins_.assign(origins_.begin() + range.begin, origins_.begin() + range.end);
  }
  return out;
}

AlignedText::Origin AlignedText::origin(std::size_t byte) const {
  if (!origins_.empty()) return origins_[byte];
  const auto at = static_cast<std::int64_t>(byte);
  const Span whole = original({at, at + 1});
  return {static_cast<std::int32_t>(whole.begin), static_cast<std::int32_t>(whole.end)};
}

Rewrite::Rewrite(const AlignedText& from) : from_(from) {
  out_.begin_ = from.begin_;
  out_.text_.reserve(from.text_.size() + from.text_.size() / 8);
  out_.origins_.reserve(from.text_.size() + from.text_.size() / 8);
}

void Rewrite::keep(std::size_t count) {
  out_.text_.append(from_.text_, at_, count);
  const std::size_t end = at_ + count;
  if (!from_.origins_.empty()) {
    const auto first = from_.origins_.begin() + static_cast<std::ptrdiff_t>(at_);
    out_.origins_.insert(out_.origins_.end(), first, first + static_cast<std::ptrdiff_t>(count));
    at_ = end;
    return;
  }
  while (at_ < end) {
    const AlignedText::Origin origin = from_.origin(at_);
    const std::size_t size = static_cast<std::size_t>(origin.end - origin.begin);
    out_.origins_.insert(out_.origins_.end(), size, origin);
    at_ += size;
  }
}

void Rewrite::drop(std::size_t count) { at_ += count; }

void Rewrite::put(char32_t code, int change) {
  if (change > 0 || at_ >= from_.text_.size()) return append(code, inserted_origin());
  append(code, from_.origin(at_));
  for (; change <= 0; ++change) step();
}

void Rewrite::replace(char32_t code, std::size_t count) {
  append(code, from_.origin(at_));
  at_ += count;
}

void Rewrite::insert(std::string_view text) {
  out_.text_ += text;
  out_.origins_.resize(out_.text_.size(), inserted_origin());
}

AlignedText::Origin Rewrite::inserted_origin() const {
  if (at_ > 0) return from_.origin(at_ - 1);
  const auto begin = static_cast<std::int32_t>(from_.begin_);
  return {begin, begin};
}

void Rewrite::append(char32_t code, AlignedText::Origin origin) {
  append_utf8(out_.text_, code);
  out_.origins_.resize(out_.text_.size(), origin);
}

void Rewrite::step() {
  if (at_ < from_.text_.size()) at_ += character_at(from_.text_, at_).size;
}

}  // namespace alarm_dist

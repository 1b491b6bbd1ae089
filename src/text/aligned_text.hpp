// SPDX-License-Identifier: Apache-2.0
// A piece of the input as normalised, which still knows the original characters that its bytes came
// from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {

class AlignedText {
 public:
  AlignedText() = default;
  // Bytes of the input, unchanged, that start at offset `begin` of it.
  AlignedText(std::string_view text, std::int64_t begin) : text_(text), begin_(begin) {}

  const std::string& text() const { return text_; }
  // The original characters that a byte range of text() came from; partial characters count whole.
  Span original(Span range) const;
  // A copy of the byte range as a text of its own.
  AlignedText slice(Span range) const;

  // Puts a space in front, which counts as part of the first character. The text must not be empty.
  void prepend_space();

  // Adds a character that came from `origin`, a range of original bytes. Only on a text that
  // started empty.
  void append(char32_t code, Span origin);

 private:
  std::string text_;
  std::int64_t begin_ = 0;
  std::vector<Span> origins_;  // by byte of text_; empty: byte i is byte begin_ + i of the input
};

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// A piece of the input as normalised, which still knows the original characters that its bytes came
// from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {

class AlignedText {
 public:
  AlignedText() = default;
  // Bytes of the input, unchanged, that start at offset `begin` of it.
  AlignedText(std::string_view text, std::int64_t begin) : text_(text), begin_(begin) {}

  const std::string& text() const { return text_; }
  std::string_view part(Span range) const;
  // The original characters that a byte range of text() came from; partial characters count whole.
  Span original(Span range) const;
  // A copy of the byte range as a text of its own.
  AlignedText slice(Span range) const;

 private:
  friend class Rewrite;
  // Offsets fit: a longer text than 2 GiB is refused where it enters.
  struct Origin {
    std::int32_t begin;
    std::int32_t end;
  };

  Origin origin(std::size_t byte) const;  // of the whole character that the byte belongs to

  std::string text_;
  std::int64_t begin_ = 0;
  std::vector<Origin> origins_;  // by byte of text_; empty: byte i is byte begin_ + i of the input
};

// A text made anew from another, in order, character by character. The offsets that result are
// those of `tokenizers`, which asks of every new character whether it stands for an old one, was
// added, or swallowed others: an added character has the place of the character before it, and one
// that swallows others only its own.
class Rewrite {
 public:
  explicit Rewrite(const AlignedText& from);

  // The next `count` bytes (whole characters) as they are.
  void keep(std::size_t count);
  void drop(std::size_t count);  // ... left out
  // `change` > 0: a character more; 0: in place of the next one; -n: of the next, and of n more.
  void put(char32_t code, int change);
  // A character in place of the next `count` bytes, which hold at least one.
  void replace(char32_t code, std::size_t count);
  void insert(std::string_view text);  // whole characters more

  std::size_t position() const { return at_; }  // in the old text
  AlignedText finish() { return std::move(out_); }

 private:
  AlignedText::Origin inserted_origin() const;
  void append(char32_t code, AlignedText::Origin origin);
  void step();  // over a character of the old text

  const AlignedText& from_;
  std::size_t at_ = 0;
  AlignedText out_;
};

}  // namespace alarm_dist

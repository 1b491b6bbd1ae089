// SPDX-License-Identifier: Apache-2.0
// How a text is cut into the words that the model then looks at one by one.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "text/aligned_text.hpp"
#include "text/json_field.hpp"

namespace alarm_dist {

// A chain of splits: each cuts the pieces that the one before it left. Const after construction.
class PreTokenizer {
 public:
  PreTokenizer() = default;
  // From the "pre_tokenizer" of a tokenizer.json: ByteLevel, Split, Digits, BertPreTokenizer or a
  // Sequence of them.
  explicit PreTokenizer(const JsonField& field);

  // The words of the text; may put a space in front of it first (add_prefix_space).
  std::vector<Span> split(AlignedText& text) const;

  // Ends in ByteLevel: the model sees bytes, each as a character of the byte alphabet.
  bool byte_level() const { return byte_level_; }

 private:
  // Pieces of a text without white space that is to be dropped.
  using Splitter = std::function<std::vector<Span>(std::string_view)>;

  void add(const JsonField& field);
  void add_byte_level(const JsonField& field);

  std::vector<Splitter> splitters_;
  bool byte_level_ = false;
  bool add_prefix_space_ = false;
};

}  // namespace alarm_dist

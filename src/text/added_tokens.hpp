// SPDX-License-Identifier: Apache-2.0
// Tokens that are found in the text as they stand, before any splitting: <|im_start|>, [MASK].
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "alarm/text/tokenizer.hpp"

#include "text/json_field.hpp"

namespace alarm_dist {

struct AddedToken {
  std::int64_t id = 0;
  std::string content;
  bool special = false;      // left out of decoded text
  bool normalized = false;   // looked for after normalisation instead of before
  bool single_word = false;  // not inside a word
  bool lstrip = false;       // takes the white space before it along
  bool rstrip = false;       // and after it
};

// A stretch of text: an added token, or text between them.
struct Segment {
  Span range;
  std::optional<std::int64_t> token;
};

// Those tokens of a list that are looked for in one stage. Const after construction.
class AddedTokenFinder {
 public:
  // `content`: how the token reads in the texts to come (normalised, if they are).
  void add(const AddedToken& token, const std::string& content);
  bool empty() const { return empty_; }
  // The whole text in segments, none empty. At each place the longest token that begins there wins.
  std::vector<Segment> segments(std::string_view text) const;

 private:
  const AddedToken* match(std::string_view text, std::size_t at) const;

  std::array<std::vector<AddedToken>, 256> by_first_byte_;  // each longest first
  bool empty_ = true;
};

// The "added_tokens" of a tokenizer.json.
std::vector<AddedToken> read_added_tokens(const JsonField& field);

}  // namespace alarm_dist

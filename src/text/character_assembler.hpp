// SPDX-License-Identifier: Apache-2.0
// Bytes of tokens put together to characters. A character belongs to the token that completes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {

// What stands for bytes that are no character: one U+FFFD for the longest start of a character, as
// Unicode recommends and Rust does, or one for each byte, as SentencePiece does.
enum class Malformed { kLongestStart, kEachByte };

class CharacterAssembler {
 public:
  explicit CharacterAssembler(Malformed malformed) : malformed_(malformed) {}

  // Tokens come in order; those that are left out have an empty range where they would stand.
  void push(std::size_t token, std::string_view bytes);
  // What is left of a character that never came to its end; `tokens` are all there are.
  void finish(std::size_t tokens);

  // What has been completed since the last call.
  std::string take_text();
  DecodedText take_all();

 private:
  void emit_characters(bool last);
  void close_tokens(std::size_t before);

  Malformed malformed_;
  std::string pending_;                    // bytes that may begin a character
  std::vector<std::size_t> pending_from_;  // the token of each
  DecodedText out_;
  std::size_t taken_ = 0;
};

}  // namespace alarm_dist

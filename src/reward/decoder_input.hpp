// SPDX-License-Identifier: Apache-2.0
// How a record and a response become the sequence that a decoder reads to score it.
//
// A text with the placeholders {prompt} {question} {aspect} {document} {response}, filled in and
// tokenised as a whole, with the tokens that the tokenizer adds, as its model saw texts in
// training; or a conversation through the model's own chat template, which writes such tokens
// itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "alarm/text/chat.hpp"
#include "alarm/text/dataset.hpp"
#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {

struct DecoderInput {
  std::vector<std::int64_t> tokens{};
  // Of each token the bytes of the response it stands for; {-1, -1} outside it. Empty when a chat
  // template changed the response, so that its bytes have no place.
  std::vector<Span> ranges{};
};

// The token whose state has just read the byte of the response: the last that begins at it or
// before it. Nothing where the response's beginning was cut off up to there.
std::optional<std::int64_t> token_at(const std::vector<Span>& ranges, std::int64_t byte);

class DecoderTemplate {
 public:
  // Throws UsageError naming a placeholder that is not known, or when there is no {response}.
  static DecoderTemplate text(std::string text);
  static DecoderTemplate conversation(ChatTemplate chat);

  // What it shows of a record beside the prompt: some of "question", "aspect", "document".
  std::vector<std::string> reads() const;
  // A sequence of more than max_tokens tokens loses what it begins with, as under transformers'
  // truncation_side="left"; tokens that the tokenizer adds stay. Throws Error for a record that the
  // template has no place for.
  DecoderInput build(const Tokenizer& tokenizer, const Record& record, const std::string& response,
                     std::int64_t max_tokens) const;

 private:
  struct Rendered {
    std::string text{};
    // Where text shows the response, and from which of its bytes on; unknown: changed.
    std::optional<Span> response{};
    std::int64_t skipped = 0;
  };
  DecoderTemplate() = default;
  Rendered fill(const Record& record, const std::string& response) const;
  Rendered converse(const Record& record, const std::string& response) const;

  std::string text_;
  std::optional<ChatTemplate> chat_;
};

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// Responses as a source sees them, without a tokenizer: a token is a word with the white space
// before it.
#pragma once

#include <string>

#include "alarm/reward/trace.hpp"

namespace alarm_dist::testing {

// The last token is the end of the sequence, an empty range.
inline ScoredResponse word_response(const std::string& text, const Record* record = nullptr) {
  ScoredResponse response{.record = record, .text = text};
  const auto size = static_cast<std::int64_t>(text.size());
  std::int64_t begin = 0;
  while (begin < size) {
    std::int64_t end = begin;
    while (end < size && text[end] == ' ') ++end;
    while (end < size && text[end] != ' ') ++end;
    response.token_offsets.push_back({begin, end});
    begin = end;
  }
  response.token_offsets.push_back({size, size});
  return response;
}

}  // namespace alarm_dist::testing

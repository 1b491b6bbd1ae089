// SPDX-License-Identifier: Apache-2.0
// Sentence and sub-sentence boundaries, for rewards that are given by sentence.
#pragma once

#include <string_view>
#include <vector>

#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {

// Byte ranges of the sentences, without the white space between them, in order. Rule-based (ends at
// . ! ? and closing quotes, not after abbreviations, initials, numbers or "et al."). A text without
// an end is one sentence; white space only has none.
std::vector<Span> split_sentences(std::string_view text);

// The paper's sub-sentences (specs/alarm.md 2.1), within split_sentences.
std::vector<Span> split_sub_sentences(std::string_view text);

// For each span the index of the token that ends it: the last token whose range overlaps the span.
// Spans that overlap no token get -1.
std::vector<std::int64_t> end_tokens(const std::vector<Span>& spans,
                                     const std::vector<Span>& token_offsets);

}  // namespace alarm_dist

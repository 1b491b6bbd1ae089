// SPDX-License-Identifier: Apache-2.0
// The special tokens round the segments of an encoder's sequence, by what its tokenizer has:
//   [CLS] first [SEP] second [SEP]       BERT, DeBERTa: the second segment has type 1
//   <s> first </s></s> second </s>       RoBERTa, XLM-RoBERTa, Longformer: there is one type
#pragma once

#include <cstdint>

#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {

struct SequenceFrame {
  std::int64_t begin = 0;
  std::int64_t end = 0;      // of each segment
  std::int64_t between = 1;  // so many of `end` between two segments
  std::int64_t second_type = 1;

  std::int64_t size(bool two_segments) const { return two_segments ? 2 + between : 2; }
};

// Throws Error when the tokenizer has neither form's tokens.
SequenceFrame find_frame(const Tokenizer& tokenizer);

}  // namespace alarm_dist

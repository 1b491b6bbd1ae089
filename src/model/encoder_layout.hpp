// SPDX-License-Identifier: Apache-2.0
// How sequences of different lengths lie in the rows of an encoder's tensors.
//
// Inside the encoder the sequences are ordered by length (and by their global tokens, where the
// family has such), so that those that are alike are next to each other and are one dense block for
// attention: no padding, no gathering, few calls. Callers see the order of the inputs.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

struct EncoderSequence {
  std::int64_t length = 0;
  std::vector<std::int64_t> globals = {};  // of Longformer, ascending
  friend auto operator<=>(const EncoderSequence&, const EncoderSequence&) = default;
};

// count sequences that are alike, in rows [begin, begin + count * length).
struct EncoderBlock {
  std::int64_t begin = 0;
  std::int64_t count = 0;
  std::int64_t length = 0;
  std::vector<std::int64_t> globals = {};
  std::int64_t rows() const { return count * length; }
};

class EncoderLayout {
 public:
  // Throws Error naming the sequence that is empty, longer than max_length, or has a global token
  // that it lacks.
  EncoderLayout(std::vector<EncoderSequence> sequences, std::int64_t max_length);

  const std::vector<EncoderBlock>& blocks() const { return blocks_; }
  const std::vector<std::size_t>& order() const {
    return order_;
  }  // place in the rows -> index of the input
  std::int64_t rows() const { return rows_; }
  at::Tensor first_rows_B() const;  // of the sequences, in the layout's order
  // Rows of the layout -> rows in the order of the inputs; sequences of the layout -> the order of
  // the inputs.
  at::Tensor restore_rows(const at::Tensor& rows_ND) const;
  at::Tensor restore_sequences(const at::Tensor& sequences_BD) const;

 private:
  std::vector<std::int64_t> row_starts() const;  // by input

  std::vector<EncoderSequence> sequences_;
  std::vector<std::size_t> order_;
  std::vector<EncoderBlock> blocks_;
  std::int64_t rows_ = 0;
};

}  // namespace alarm_dist

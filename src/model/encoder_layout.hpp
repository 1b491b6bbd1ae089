// SPDX-License-Identifier: Apache-2.0
// How sequences of different lengths lie in the rows of an encoder's tensors.
//
// Inside the encoder the sequences are ordered by length, so that those of equal length are next to
// each other and are one dense block for attention and pooling: no padding, no gathering, few
// calls. Callers see the order of the inputs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

// count sequences of the same length, in rows [begin, begin + count * length).
struct EncoderBlock {
  std::int64_t begin = 0;
  std::int64_t count = 0;
  std::int64_t length = 0;
  std::int64_t rows() const { return count * length; }
};

class EncoderLayout {
 public:
  // Throws Error naming the sequence that is empty or longer than max_length.
  EncoderLayout(std::span<const std::int64_t> lengths, std::int64_t max_length);

  const std::vector<EncoderBlock>& blocks() const { return blocks_; }
  const std::vector<std::size_t>& order() const {
    return order_;
  }  // place in the rows -> index of the input
  std::int64_t rows() const { return rows_; }
  at::Tensor positions_N() const;
  // Rows of the layout -> rows in the order of the inputs; sequences of the layout -> the order of
  // the inputs.
  at::Tensor restore_rows(const at::Tensor& rows_ND) const;
  at::Tensor restore_sequences(const at::Tensor& sequences_BD) const;

 private:
  std::vector<std::int64_t> lengths_;
  std::vector<std::size_t> order_;
  std::vector<EncoderBlock> blocks_;
  std::int64_t rows_ = 0;
};

}  // namespace alarm_dist

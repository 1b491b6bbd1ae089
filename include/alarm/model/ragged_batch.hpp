// SPDX-License-Identifier: Apache-2.0
// Sequences end to end, without padding (DESIGN, law 2), and with shared prefixes.
//
// A batch is N token rows. A segment is a run of rows [begin, end) that continues its parent
// segment: its tokens attend to all rows of the parent chain and, causally, to their own. Samples
// of one prompt are children of one prompt segment, so the prompt is computed once for all of them,
// in generation and in training alike; the gradients add up in the shared rows. A sequence without
// siblings is simply a segment without a parent (an encoder's sequences are always that).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

struct Segment {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  int parent = -1;            // index of an earlier segment, or -1
  std::int64_t position = 0;  // position of its first token: the length of the parent chain
  std::int64_t size() const { return end - begin; }
};

struct RaggedBatch {
  std::vector<std::int64_t> tokens;  // N
  std::vector<Segment> segments;     // parents before children, rows in order, covering 0..N

  std::int64_t rows() const { return static_cast<std::int64_t>(tokens.size()); }
  // Adds a segment and returns its index. Empty segments are allowed.
  int add(std::span<const std::int64_t> segment_tokens, int parent = -1);
  at::Tensor tokens_N(c10::Device device) const;     // int64
  at::Tensor positions_N(c10::Device device) const;  // int64
  // The row whose hidden state predicts the first token of the segment: the last row of its parent.
  // -1 without a parent or when the whole chain above is empty.
  std::int64_t row_before(int segment) const;
};

}  // namespace alarm_dist

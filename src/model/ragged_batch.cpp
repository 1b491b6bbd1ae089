// SPDX-License-Identifier: Apache-2.0
#include "alarm/model/ragged_batch.hpp"

#include <ATen/Functions.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {

int RaggedBatch::add(std::span<const std::int64_t> segment_tokens, int parent) {
  const int index = static_cast<int>(segments.size());
  ALARM_CHECK(parent >= -1 && parent < index, "parent of segment {} is {}, expected -1 to {}",
              index, parent, index - 1);
  Segment segment{.begin = rows(),
                  .end = rows() + static_cast<std::int64_t>(segment_tokens.size()),
                  .parent = parent};
  if (parent >= 0) {
    const Segment& above = segments[static_cast<std::size_t>(parent)];
    segment.position = above.position + above.size();
  }
  tokens.insert(tokens.end(), segment_tokens.begin(), segment_tokens.end());
  segments.push_back(segment);
  return index;
}

at::Tensor RaggedBatch::tokens_N(c10::Device device) const {
  return at::tensor(tokens, at::TensorOptions(at::kLong)).to(device);
}

at::Tensor RaggedBatch::positions_N(c10::Device device) const {
  at::Tensor positions = at::empty({rows()}, at::kLong);
  auto* row = positions.mutable_data_ptr<std::int64_t>();
  for (const Segment& segment : segments) {
    for (std::int64_t i = 0; i < segment.size(); ++i) *row++ = segment.position + i;
  }
  return positions.to(device);
}

std::int64_t RaggedBatch::row_before(int segment) const {
  for (int above = segments.at(static_cast<std::size_t>(segment)).parent; above >= 0;
       above = segments[static_cast<std::size_t>(above)].parent) {
    const Segment& candidate = segments[static_cast<std::size_t>(above)];
    if (candidate.size() > 0) return candidate.end - 1;
  }
  return -1;
}

}  // namespace alarm_dist

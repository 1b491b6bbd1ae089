// SPDX-License-Identifier: Apache-2.0
// What DAPO does about responses that are too long (Yu et al. 2025; specs/related-systems.md 11.5).
// Which groups it samples again is in groups.hpp.
#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

struct OverlongPenalty {
  std::int64_t longest_tokens = 0;  // that a response may have
  std::int64_t buffer_tokens = 0;   // the last of them, over which the penalty grows
  double factor = 1;                // the penalty at the end of the buffer and beyond
};
// Soft punishment: 0 up to the buffer, then falling to -factor. R float64 numbers on the host, to
// be added to the rewards of the responses (which lie on their last tokens).
at::Tensor overlong_penalties(std::span<const std::int64_t> offsets, const OverlongPenalty& config);

// Overlong filtering: false on the tokens of responses that were cut off (truncated_R, bool). They
// leave the loss and its denominators: take counts and weights over what is kept (aggregate.hpp).
at::Tensor keep_finished(std::span<const std::int64_t> offsets, const at::Tensor& truncated_R);

}  // namespace alarm_dist

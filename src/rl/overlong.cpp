// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/overlong.hpp"

#include <algorithm>
#include <vector>

#include <ATen/Functions.h>

#include "alarm/base/error.hpp"
#include "alarm/rl/groups.hpp"

#include "rl/ragged.hpp"

namespace alarm_dist {

at::Tensor overlong_penalties(std::span<const std::int64_t> offsets,
                              const OverlongPenalty& config) {
  ALARM_CHECK(config.buffer_tokens > 0 && config.buffer_tokens <= config.longest_tokens,
              "overlong penalty: expected 0 < buffer <= longest response, got {} and {} tokens",
              config.buffer_tokens, config.longest_tokens);
  rl::check_offsets(offsets, offsets.empty() ? 0 : offsets.back());
  const auto buffer = static_cast<double>(config.buffer_tokens);
  const std::int64_t free_tokens = config.longest_tokens - config.buffer_tokens;
  std::vector<double> penalties;
  for (std::size_t r = 0; r + 1 < offsets.size(); ++r) {
    const auto excess = static_cast<double>(offsets[r + 1] - offsets[r] - free_tokens);
    penalties.push_back(-std::clamp(excess, 0.0, buffer) / buffer * config.factor);
  }
  return rl::like(at::empty({0}, at::kDouble), penalties);
}

at::Tensor keep_finished(std::span<const std::int64_t> offsets, const at::Tensor& truncated_R) {
  return spread_over_tokens(truncated_R.to(at::kBool).logical_not(), offsets);
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// Which record is prompt i of step k: a pure function of (seed, k, i), whatever the world or the
// placement.
#pragma once

#include <cstdint>
#include <vector>

namespace alarm_dist {

// Walks the data set in shuffled epochs: every record once an epoch, a new permutation each.
class PromptStream {
 public:
  PromptStream(std::uint64_t seed, std::int64_t records, std::int64_t prompts_per_step);

  // 0 <= prompt < prompts_per_step
  std::int64_t record(std::int64_t step, std::int64_t prompt) const;
  double epoch(std::int64_t step) const;  // epochs done when step begins

 private:
  std::uint64_t seed_;
  std::int64_t records_;
  std::int64_t prompts_per_step_;
};

}  // namespace alarm_dist

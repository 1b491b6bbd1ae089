// SPDX-License-Identifier: Apache-2.0
// The learning rate over a run, as a factor of its peak.
#pragma once

#include <cstdint>

namespace alarm_dist {

enum class ScheduleKind {
  kConstant,
  kLinear,  // falls towards the floor, which a step after the last would have
  kCosine,  // half a cosine down to the floor
  kWsd,     // stable, then linear over the last `decay` share of the steps (warm-up, stable, decay)
};

struct LrSchedule {
  ScheduleKind kind = ScheduleKind::kConstant;
  std::int64_t warmup = 0;  // steps in which the rate rises linearly to its peak
  double floor = 0;         // share of the peak that is left at the end
  double decay = 0.2;       // wsd only
};

// The factor in step `step` (from 0) of `total`.
double lr_factor(const LrSchedule& schedule, std::int64_t step, std::int64_t total);

}  // namespace alarm_dist

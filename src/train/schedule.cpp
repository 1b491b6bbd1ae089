// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace alarm_dist {

double lr_factor(const LrSchedule& schedule, std::int64_t step, std::int64_t total) {
  if (step < schedule.warmup) {
    return static_cast<double>(step + 1) / static_cast<double>(schedule.warmup);
  }
  const auto span = static_cast<double>(std::max<std::int64_t>(1, total - schedule.warmup));
  const double done = std::min(1.0, static_cast<double>(step - schedule.warmup) / span);
  const auto between = [&](double share) { return schedule.floor + (1 - schedule.floor) * share; };
  switch (schedule.kind) {
    case ScheduleKind::kConstant:
      return 1.0;
    case ScheduleKind::kLinear:
      return between(1 - done);
    case ScheduleKind::kCosine:
      return between((1 + std::cos(std::numbers::pi * done)) / 2);
    case ScheduleKind::kWsd:
      return between(std::min(1.0, (1 - done) / std::max(schedule.decay, 1e-12)));
  }
  return 1.0;
}

}  // namespace alarm_dist

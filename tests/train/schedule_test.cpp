// SPDX-License-Identifier: Apache-2.0
// Oracle: closed forms; the linear and cosine ones are those of transformers'
// get_*_schedule_with_warmup but for the warm-up, which begins at 1/n here instead of 0 (no step is
// lost).
#include "alarm/train/schedule.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace alarm_dist {
namespace {

TEST(LrFactor, RisesLinearlyToThePeakInTheWarmup) {
  const LrSchedule schedule{.kind = ScheduleKind::kCosine, .warmup = 4};

  EXPECT_DOUBLE_EQ(lr_factor(schedule, 0, 20), 0.25);
  EXPECT_DOUBLE_EQ(lr_factor(schedule, 3, 20), 1.0);
  EXPECT_DOUBLE_EQ(lr_factor(schedule, 4, 20), 1.0);
}

TEST(LrFactor, FallsByItsKind) {
  EXPECT_DOUBLE_EQ(lr_factor({}, 999, 1000), 1.0);
  EXPECT_DOUBLE_EQ(lr_factor({.kind = ScheduleKind::kLinear}, 5, 20), 0.75);
  EXPECT_DOUBLE_EQ(lr_factor({.kind = ScheduleKind::kCosine}, 5, 20),
                   (1 + std::cos(std::acos(-1.0) / 4)) / 2);
  const LrSchedule wsd{.kind = ScheduleKind::kWsd, .decay = 0.5};
  EXPECT_DOUBLE_EQ(lr_factor(wsd, 10, 20), 1.0);
  EXPECT_DOUBLE_EQ(lr_factor(wsd, 15, 20), 0.5);
}

TEST(LrFactor, EndsAtTheFloorAndStaysThere) {
  for (const auto kind : {ScheduleKind::kLinear, ScheduleKind::kCosine, ScheduleKind::kWsd}) {
    const LrSchedule schedule{.kind = kind, .floor = 0.1};
    EXPECT_NEAR(lr_factor(schedule, 20, 20), 0.1, 1e-15);
    EXPECT_NEAR(lr_factor(schedule, 30, 20), 0.1, 1e-15);
  }
}

}  // namespace
}  // namespace alarm_dist

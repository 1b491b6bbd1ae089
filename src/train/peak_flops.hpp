// SPDX-License-Identifier: Apache-2.0
// How fast this job's devices multiply matrices: the denominator of the metric mfu.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include "alarm/comm/world.hpp"

namespace alarm_dist {

// Floating-point operations a second of all ranks together: each multiplies square matrices of the
// type for some tens of milliseconds and counts its best round, times its threads' share of the
// processors where ranks have more threads than the node has processors. What is measured, not what
// is sold. Collective.
double measure_peak_flops(World& world, c10::Device device, c10::ScalarType dtype);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// How fast this job's devices multiply matrices: the denominator of the metric mfu.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include "alarm/comm/world.hpp"

namespace alarm_dist {

// Floating-point operations a second of all ranks together, which multiply square matrices of the
// type at the same time, for some tens of milliseconds: what is measured, not what is sold. Ranks
// that share cores share the rate. Collective.
double measure_peak_flops(World& world, c10::Device device, c10::ScalarType dtype);

}  // namespace alarm_dist

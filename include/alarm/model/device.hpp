// SPDX-License-Identifier: Apache-2.0
// The device a rank computes on.
#pragma once

#include <string_view>

#include <c10/core/Device.h>

namespace alarm_dist {

// "cpu", or "cuda": the GPU with the number that the rank has on its node. Throws UsageError where
// this build or this node has no such device, and for another name.
c10::Device local_device(std::string_view name, int local_rank);

}  // namespace alarm_dist

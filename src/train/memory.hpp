// SPDX-License-Identifier: Apache-2.0
// What a process holds in memory, as the kernel and the device's allocator count it.
#pragma once

#include <c10/core/Device.h>

namespace alarm_dist {

double resident_bytes();  // pages in memory, shared ones counted whole

// The most that tensors have taken on the device so far; 0 for the processor.
double device_bytes(c10::Device device);

// Gives what the heap holds free back to the kernel: after the update, so that what it leaves in
// pieces does not stay beside what the next phase needs.
void release_free_memory();

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// What a process holds in memory, as the kernel counts it.
#pragma once

namespace alarm_dist {

double resident_bytes();      // pages in memory, shared ones counted whole
double proportional_bytes();  // shared pages counted by the number of processes that share them

}  // namespace alarm_dist

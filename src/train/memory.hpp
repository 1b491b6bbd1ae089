// SPDX-License-Identifier: Apache-2.0
// What a process holds in memory, as the kernel counts it.
#pragma once

namespace alarm_dist {

double resident_bytes();  // pages in memory, shared ones counted whole

}  // namespace alarm_dist

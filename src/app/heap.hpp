// SPDX-License-Identifier: Apache-2.0
// How the process keeps its memory on the host.
#pragma once

namespace alarm_dist {

// Before the first tensor is made.
void set_up_heap();

}  // namespace alarm_dist

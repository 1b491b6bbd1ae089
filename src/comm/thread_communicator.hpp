// SPDX-License-Identifier: Apache-2.0
// Collectives between threads of one process, for tests. Reductions run in rank order on every
// rank.
#pragma once

#include <memory>

#include "alarm/comm/communicator.hpp"

#include "comm/thread_hub.hpp"

namespace alarm_dist {

std::unique_ptr<Communicator> make_thread_communicator(std::shared_ptr<ThreadHub> hub, int rank);

}  // namespace alarm_dist

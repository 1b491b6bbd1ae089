// SPDX-License-Identifier: Apache-2.0
// A group of one: nothing moves, on any device. Callers need not ask whether the job is
// distributed.
#pragma once

#include <memory>

#include "alarm/comm/communicator.hpp"

namespace alarm_dist {

std::unique_ptr<Communicator> make_local_communicator(c10::Device device);

}  // namespace alarm_dist

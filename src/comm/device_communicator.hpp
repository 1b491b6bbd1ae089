// SPDX-License-Identifier: Apache-2.0
// Collectives on device memory: NCCL, or in a build without CUDA an error that says so.
#pragma once

#include <memory>

#include "alarm/comm/communicator.hpp"

namespace alarm_dist {

// host connects the same ranks in the same order. Collective.
std::unique_ptr<Communicator> make_device_communicator(std::unique_ptr<Communicator> host,
                                                       c10::Device device,
                                                       double connect_timeout_s);

}  // namespace alarm_dist

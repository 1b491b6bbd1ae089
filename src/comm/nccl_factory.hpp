// SPDX-License-Identifier: Apache-2.0
// Collectives on device memory; the build without CUDA has none and says so.
#pragma once

#include <memory>

#include "alarm/comm/communicator.hpp"

namespace alarm_dist {

// host connects the same ranks in the same order; it carries the bootstrap, also of groups split off. Collective.
std::unique_ptr<Communicator> make_nccl_communicator(std::unique_ptr<Communicator> host, c10::Device device);

}  // namespace alarm_dist

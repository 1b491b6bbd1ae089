// SPDX-License-Identifier: Apache-2.0
// Collectives over NCCL on device memory.
//
// A call returns when the device has done the work, not when it is queued: only then can a deadline
// see that it hangs, and an error be thrown where it belongs. While it waits it asks NCCL for
// background errors; after one the communicator is aborted, which ends the kernels that wait for a
// dead peer. Which of NaN and a number is the larger is NCCL's choice.
#pragma once

#include <memory>

#include "alarm/comm/communicator.hpp"

#include "comm/device_seam.hpp"

namespace alarm_dist {

struct NcclOptions {
  double connect_timeout_s = 600;
};

// host connects the same ranks in the same order; it carries the bootstrap, also of groups split
// off. Collective.
std::unique_ptr<Communicator> make_nccl_communicator(std::unique_ptr<Communicator> host,
                                                     std::shared_ptr<DeviceSeam> seam,
                                                     NcclOptions options);

}  // namespace alarm_dist

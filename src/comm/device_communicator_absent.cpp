// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/error.hpp"

#include "comm/device_communicator.hpp"

namespace alarm_dist {

std::unique_ptr<Communicator> make_device_communicator(std::unique_ptr<Communicator> /*host*/,
                                                       c10::Device device,
                                                       double /*connect_timeout_s*/) {
  throw UsageError(fmt::format(
      "this build has no NCCL, so its ranks cannot share tensors on {}; build with ALARM_CUDA=ON",
      device.str()));
}

}  // namespace alarm_dist

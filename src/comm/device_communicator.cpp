// SPDX-License-Identifier: Apache-2.0
#include "comm/device_communicator.hpp"

#include <utility>

#include "comm/nccl_communicator.hpp"

namespace alarm_dist {

std::unique_ptr<Communicator> make_device_communicator(std::unique_ptr<Communicator> host,
                                                       c10::Device device,
                                                       double connect_timeout_s) {
  return make_nccl_communicator(std::move(host), make_cuda_seam(device),
                                {.connect_timeout_s = connect_timeout_s});
}

}  // namespace alarm_dist

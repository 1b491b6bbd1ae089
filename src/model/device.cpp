// SPDX-License-Identifier: Apache-2.0
#include "alarm/model/device.hpp"

#include <ATen/detail/CUDAHooksInterface.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {

c10::Device local_device(std::string_view name, int local_rank) {
  if (name == "cpu") return c10::kCPU;
  if (name != "cuda") throw UsageError(fmt::format("device '{}': expected cpu or cuda", name));
  if (!at::detail::getCUDAHooks().hasCUDA()) {
    throw UsageError(
        "device cuda: expected a build with CUDA (launch/build cuda) and a GPU; found none");
  }
  const c10::DeviceIndex count = at::detail::getCUDAHooks().deviceCount();
  if (local_rank >= count) {
    throw UsageError(
        fmt::format("device cuda: rank {} of this node needs a GPU of its own, but {} are visible",
                    local_rank, static_cast<int>(count)));
  }
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(local_rank));
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// Host memory in the place of a device.
#pragma once

#include "comm/device_seam.hpp"
#include "support/fake_nccl/fake_nccl.hpp"

namespace alarm_dist::testing {

class FakeSeam : public DeviceSeam {
 public:
  c10::Device device() const override { return c10::kCPU; }
  void* stream() override { return nullptr; }
  bool finished() override { return !fake_nccl::faults().stream_stuck; }
};

}  // namespace alarm_dist::testing

// SPDX-License-Identifier: Apache-2.0
// All that NcclCommunicator knows of CUDA: a stream to hand on, and whether it has run dry. Tests
// put host memory here.
#pragma once

#include <memory>

#include <c10/core/Device.h>

namespace alarm_dist {

class DeviceSeam {
 public:
  virtual ~DeviceSeam() = default;

  virtual c10::Device device() const = 0;
  // The stream that tensors of the device are computed on (a cudaStream_t).
  virtual void* stream() = 0;
  // Whether all that the stream was given so far is done. Throws Error when the device has failed.
  virtual bool finished() = 0;

 protected:
  DeviceSeam() = default;
  DeviceSeam(const DeviceSeam&) = delete;
  DeviceSeam& operator=(const DeviceSeam&) = delete;
};

std::unique_ptr<DeviceSeam> make_cuda_seam(c10::Device device);

}  // namespace alarm_dist

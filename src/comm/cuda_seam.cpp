// SPDX-License-Identifier: Apache-2.0
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "alarm/base/error.hpp"

#include "comm/device_seam.hpp"

namespace alarm_dist {
namespace {

class CudaSeam : public DeviceSeam {
 public:
  explicit CudaSeam(c10::Device device) : device_(device) {
    ALARM_CHECK(
        device.is_cuda() && device.has_index() && device.index() < c10::cuda::device_count(),
        "no CUDA device {} here, {} are visible", device.str(),
        static_cast<int>(c10::cuda::device_count()));
    c10::cuda::set_device(device.index());  // NCCL connects the current device
  }

  c10::Device device() const override { return device_; }
  void* stream() override { return current().stream(); }
  bool finished() override {
    try {
      return current().query();
    } catch (const c10::Error& error) {
      throw Error(fmt::format("{}: {}", device_.str(), error.what_without_backtrace()));
    }
  }

 private:
  c10::cuda::CUDAStream current() const { return c10::cuda::getCurrentCUDAStream(device_.index()); }

  c10::Device device_;
};

}  // namespace

std::unique_ptr<DeviceSeam> make_cuda_seam(c10::Device device) {
  return std::make_unique<CudaSeam>(device);
}

}  // namespace alarm_dist

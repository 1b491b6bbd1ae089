// SPDX-License-Identifier: Apache-2.0
// The suite over NCCL itself, a GPU a rank.
#include <ATen/Context.h>
#include <c10/cuda/CUDAFunctions.h>

#include "comm/device_seam.hpp"
#include "comm/fabric.hpp"
#include "comm/mpi_communicator.hpp"
#include "comm/nccl_communicator.hpp"

namespace alarm_dist::testing {
namespace {

void on_gpu(const std::function<void(Communicator&)>& body) {
  auto host = make_mpi_communicator(MpiComm::duplicate(MPI_COMM_WORLD));
  const int devices = c10::cuda::device_count();
  if (devices < host->size())
    GTEST_SKIP() << host->size() << " ranks want a GPU each, there are " << devices;
  at::globalContext().lazyInitDevice(c10::kCUDA);
  const auto device = c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(host->rank()));
  body(*make_nccl_communicator(std::move(host), make_cuda_seam(device), {.connect_timeout_s = 60}));
}

INSTANTIATE_TEST_SUITE_P(Comm, CommunicatorSuite,
                         ::testing::Values(CommunicatorFabric{"gpu", on_gpu}), FabricName());

}  // namespace
}  // namespace alarm_dist::testing

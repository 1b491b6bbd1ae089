// SPDX-License-Identifier: Apache-2.0
// The suite over NcclCommunicator and the fake NCCL.
#include "comm/fabric.hpp"
#include "comm/fake_seam.hpp"
#include "comm/mpi_communicator.hpp"
#include "comm/nccl_communicator.hpp"

namespace alarm_dist::testing {
namespace {

void on_nccl(const std::function<void(Communicator&)>& body) {
  fake_nccl::reset();
  body(*make_nccl_communicator(make_mpi_communicator(MpiComm::duplicate(MPI_COMM_WORLD)),
                               std::make_shared<FakeSeam>(), {}));
  EXPECT_EQ(fake_nccl::counts().live(), 0);
  EXPECT_EQ(fake_nccl::counts().aborted, 0);
}

INSTANTIATE_TEST_SUITE_P(Comm, CommunicatorSuite,
                         ::testing::Values(CommunicatorFabric{"nccl", on_nccl}), FabricName());

}  // namespace
}  // namespace alarm_dist::testing

// SPDX-License-Identifier: Apache-2.0
// The suites over MPI; mpirun decides how many ranks there are.
#include "comm/fabric.hpp"
#include "comm/mpi_communicator.hpp"

namespace alarm_dist::testing {
namespace {

CommunicatorFabric mpi(const std::string& name, std::int64_t max_bytes) {
  return {name, [max_bytes](const auto& body) {
            body(*make_mpi_communicator(MpiComm::duplicate(MPI_COMM_WORLD), max_bytes));
          }};
}

void on_world(const std::function<void(World&)>& body) {
  const auto world = make_world({.collective_timeout_s = 60});
  body(*world);
  world->close();
}

CommunicatorFabric of_world() {
  return {"world",
          [](const auto& body) { on_world([&](World& world) { body(world.communicator()); }); }};
}

// In pieces of 1 KiB, what is 2 GiB in earnest happens to a few thousand numbers.
INSTANTIATE_TEST_SUITE_P(Comm, CommunicatorSuite,
                         ::testing::Values(mpi("mpi", kMpiMaxBytes), mpi("pieces", 1024),
                                           of_world()),
                         FabricName());
INSTANTIATE_TEST_SUITE_P(Comm, WorldSuite, ::testing::Values(WorldFabric{"mpi", on_world}),
                         FabricName());

}  // namespace
}  // namespace alarm_dist::testing

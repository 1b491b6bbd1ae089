// SPDX-License-Identifier: Apache-2.0
// The suites over what needs no MPI.
#include "alarm/comm/deadline.hpp"

#include "comm/fabric.hpp"
#include "comm/local_communicator.hpp"

namespace alarm_dist::testing {
namespace {

CommunicatorFabric local() {
  return {"local", [](const auto& body) { body(*make_local_communicator(c10::kCPU)); }};
}

CommunicatorFabric threads(int size) {
  return {"threads" + std::to_string(size), [size](const auto& body) {
            run_thread_world(size, [&](World& world) { body(world.communicator()); });
          }};
}

CommunicatorFabric threads_with_deadline(int size) {
  return {"deadline" + std::to_string(size), [size](const auto& body) {
            run_thread_world(size, [&](World& world) {
              const auto communicator = with_deadline(
                  world.make_communicator(c10::kCPU), world.control(),
                  {.seconds = 60,
                   .on_late = [](const std::string& report) { ADD_FAILURE() << report; }});
              body(*communicator);
            });
          }};
}

WorldFabric thread_world(int size) {
  return {"threads" + std::to_string(size),
          [size](const auto& body) { run_thread_world(size, body); }};
}

// No launcher started this test, so this is the world of one.
WorldFabric alone() {
  return {"alone", [](const auto& body) { body(*make_world({})); }};
}

INSTANTIATE_TEST_SUITE_P(Comm, CommunicatorSuite,
                         ::testing::Values(local(), threads(1), threads(2), threads(3), threads(4),
                                           threads_with_deadline(4)),
                         FabricName());
INSTANTIATE_TEST_SUITE_P(Comm, WorldSuite,
                         ::testing::Values(alone(), thread_world(1), thread_world(2),
                                           thread_world(4)),
                         FabricName());

}  // namespace
}  // namespace alarm_dist::testing

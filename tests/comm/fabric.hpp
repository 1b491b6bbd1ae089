// SPDX-License-Identifier: Apache-2.0
// What the shared suites run on. A suite is a list of TEST_Ps; each executable instantiates it with
// its fabrics.
#pragma once

#include <functional>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "alarm/comm/communicator.hpp"
#include "alarm/comm/world.hpp"

namespace alarm_dist::testing {

// Runs the body on all ranks: on this process's rank under MPI, on threads otherwise.
template <typename Subject>
struct Fabric {
  std::string name;
  std::function<void(const std::function<void(Subject&)>& body)> run;
};
using CommunicatorFabric = Fabric<Communicator>;
using WorldFabric = Fabric<World>;

template <typename Subject>
void PrintTo(const Fabric<Subject>& fabric, std::ostream* out) {
  *out << fabric.name;
}

struct FabricName {
  template <typename Info>
  std::string operator()(const Info& info) const {
    return info.param.name;
  }
};

class CommunicatorSuite : public ::testing::TestWithParam<CommunicatorFabric> {
 protected:
  void on_all_ranks(const std::function<void(Communicator&)>& body) { GetParam().run(body); }
};

class WorldSuite : public ::testing::TestWithParam<WorldFabric> {
 protected:
  void on_all_ranks(const std::function<void(World&)>& body) { GetParam().run(body); }
};

}  // namespace alarm_dist::testing

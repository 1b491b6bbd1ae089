// SPDX-License-Identifier: Apache-2.0
// A job in which rank 1 does not come: ctest looks at the report and at the exit code. Without a
// launcher: a world of one.
#include <chrono>
#include <cstdio>
#include <thread>

#include "alarm/base/log.hpp"
#include "alarm/comm/world.hpp"

int main() {
  const auto world = alarm_dist::make_world({.collective_timeout_s = 1});
  alarm_dist::log::init(world->rank(), alarm_dist::log::Level::kInfo);
  world->control().set_role("learner");
  world->control().set_doing(world->rank() == 1 ? "sleeping" : "waiting");
  world->communicator().barrier();
  if (world->rank() == 1) std::this_thread::sleep_for(std::chrono::seconds(60));
  world->communicator().barrier();
  world->close();
  std::puts("closed in good order");
  return 0;
}

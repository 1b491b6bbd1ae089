// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/stop_signal.hpp"

#include <csignal>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

namespace alarm_dist {
namespace {

// One test, because a signal that has come stays.
TEST(StopSignalTest, IsHeldBackAndSeenByEveryThread) {
  hold_stop_signal();
  EXPECT_FALSE(stop_signal_came());
  bool seen_by_thread = false;

  kill(getpid(), SIGUSR1);  // would end the process
  std::thread([&] { seen_by_thread = stop_signal_came(); }).join();

  EXPECT_TRUE(stop_signal_came());
  EXPECT_TRUE(seen_by_thread);
}

}  // namespace
}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// What only the thread world promises: the first failure wins, and nobody is left waiting for who
// failed.
#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/comm/world.hpp"

#include "comm/sample_tensors.hpp"

namespace alarm_dist::testing {
namespace {

using ::testing::HasSubstr;

std::string failure_of(int size, const std::function<void(World&)>& body) {
  try {
    run_thread_world(size, body);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no failure";
}

TEST(ThreadWorld, RethrowsTheFirstFailure) {
  EXPECT_EQ(failure_of(1, [](World&) { throw Error("alone"); }), "alone");
  EXPECT_EQ(failure_of(3, [](World&) {}), "no failure");
  EXPECT_THROW(run_thread_world(0, [](World&) {}), Error);
}

TEST(ThreadWorld, ReleasesRanksThatWaitInACollective) {
  const auto body = [](World& world) {
    if (world.rank() == 2) throw Error("rank 2 has had enough");
    at::Tensor tensor = at::zeros({4});
    world.communicator().all_reduce(tensor, ReduceOp::kSum);
    ADD_FAILURE() << "a collective ended without rank 2";
  };

  EXPECT_EQ(failure_of(4, body), "rank 2 has had enough");
}

TEST(ThreadWorld, ReleasesRanksThatWaitInAGroupOfTheirOwn) {
  const auto body = [](World& world) {
    const auto group = world.communicator().split(world.rank() / 2, 0);
    if (world.rank() == 0) throw Error("rank 0 has had enough");
    if (world.rank() == 1) group->barrier();
  };

  EXPECT_EQ(failure_of(4, body), "rank 0 has had enough");
}

TEST(ThreadWorld, ReleasesRanksThatWaitForAMessage) {
  const auto body = [](World& world) {
    if (world.rank() == 0) throw Error("nothing to send");
    world.mailbox().receive(1, 60);
  };

  EXPECT_EQ(failure_of(2, body), "nothing to send");
}

TEST(ThreadWorld, NamesBothCallsWhenRanksDiffer) {
  const auto body = [](World& world) {
    at::Tensor tensor = at::zeros({4});
    if (world.rank() == 0) {
      world.communicator().all_reduce(tensor, ReduceOp::kSum);
    } else {
      world.communicator().broadcast(tensor, 0);
    }
  };

  const std::string failure = failure_of(2, body);

  EXPECT_THAT(failure, HasSubstr("all_reduce"));
  EXPECT_THAT(failure, HasSubstr("broadcast"));
}

TEST(ThreadWorld, AbortFailsTheWorld) {
  EXPECT_THAT(failure_of(2,
                         [](World& world) {
                           if (world.rank() == 1) world.abort(3);
                           world.communicator().barrier();
                         }),
              HasSubstr("exit code 3"));
}

TEST(ThreadWorld, BarrierHoldsUntilAllAreThere) {
  std::atomic<int> arrived = 0;
  run_thread_world(4, [&](World& world) {
    for (int round = 1; round <= 50; ++round) {
      ++arrived;
      world.communicator().barrier();
      EXPECT_GE(arrived.load(), 4 * round);
    }
  });
}

TEST(ThreadWorld, SumsInRankOrder) {
  run_thread_world(3, [](World& world) {
    const double parts[] = {1e16, 1.0,
                            -1e16};  // (1e16 + 1) - 1e16 is 0, any other order may give 1
    EXPECT_EQ(sum_over_ranks(world.communicator(), parts[world.rank()]), 0.0);
  });
}

}  // namespace
}  // namespace alarm_dist::testing

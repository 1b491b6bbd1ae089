// SPDX-License-Identifier: Apache-2.0
// A late rank is named, with its role and what it was doing; who is in time hears nothing.
#include "alarm/comm/deadline.hpp"

#include <chrono>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/clock.hpp"
#include "alarm/base/error.hpp"
#include "alarm/comm/world.hpp"

#include "comm/late_report.hpp"

namespace alarm_dist::testing {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

struct Reports {
  std::mutex mutex;
  std::vector<std::string> texts;
  std::vector<double> after_s;
  Stopwatch watch;

  void add(const std::string& report) {
    const std::lock_guard lock(mutex);
    texts.push_back(report);
    after_s.push_back(watch.seconds());
  }
};

std::unique_ptr<Communicator> guard(World& world, Reports& reports, double seconds) {
  return with_deadline(
      world.make_communicator(c10::kCPU), world.control(),
      {.seconds = seconds, .on_late = [&](const std::string& report) { reports.add(report); }});
}

void sleep_s(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

TEST(Deadline, NamesTheLateRankItsRoleAndItsPhase) {
  Reports reports;
  run_thread_world(4, [&](World& world) {
    world.control().set_role(world.rank() == 2 ? "learner" : "rollout");
    world.control().set_doing(world.rank() == 2 ? "updating the critic" : "waiting for weights");
    const auto communicator = guard(world, reports, 0.25);
    communicator->barrier();
    if (world.rank() == 2) sleep_s(0.9);
    communicator->barrier();
  });

  ASSERT_EQ(reports.texts.size(), 3u) << "ranks 0, 1 and 3 wait";
  EXPECT_THAT(reports.texts,
              Each(AllOf(HasSubstr("barrier number 2 is late"), HasSubstr("rank 2 (learner)"),
                         HasSubstr("updating the critic"), HasSubstr("last in barrier number 1"),
                         Not(HasSubstr("rank 1 (rollout)")))));
  for (const double after : reports.after_s) EXPECT_LT(after, 0.9);
}

TEST(Deadline, SaysNothingWhenAllAreInTime) {
  Reports reports;
  run_thread_world(3, [&](World& world) {
    const auto communicator = guard(world, reports, 0.2);
    for (int i = 0; i < 5; ++i) {
      sleep_s(0.06);  // longer than the deadline in all, but not within a collective
      communicator->barrier();
    }
  });

  EXPECT_TRUE(reports.texts.empty());
}

TEST(Deadline, KnowsTheMembersOfAGroup) {
  Reports reports;
  run_thread_world(4, [&](World& world) {
    const auto communicator = guard(world, reports, 0.25);
    const auto pair = communicator->split(world.rank() % 2, 0);  // {0, 2} and {1, 3}
    if (world.rank() == 3) sleep_s(0.8);
    at::Tensor tensor;
    if (world.rank() % 2 == 1) pair->barrier();
  });

  ASSERT_EQ(reports.texts.size(), 1u);
  EXPECT_THAT(reports.texts[0], AllOf(HasSubstr("rank 1 entered it"), HasSubstr("rank 3"),
                                      Not(HasSubstr("rank 0")), Not(HasSubstr("rank 2"))));
}

TEST(Deadline, FormingTheGroupHasADeadlineToo) {
  Reports reports;
  run_thread_world(2, [&](World& world) {
    auto plain = world.make_communicator(c10::kCPU);
    if (world.rank() == 1) sleep_s(0.6);
    with_deadline(
        std::move(plain), world.control(),
        {.seconds = 0.2, .on_late = [&](const std::string& report) { reports.add(report); }});
  });

  ASSERT_EQ(reports.texts.size(), 1u);
  EXPECT_THAT(reports.texts[0], HasSubstr("rank 1"));
}

TEST(Deadline, PassesFailuresOn) {
  run_thread_world(1, [](World& world) {
    Reports reports;
    const auto communicator = guard(world, reports, 10);
    at::Tensor undefined;

    EXPECT_THROW(communicator->all_reduce(undefined, ReduceOp::kSum), Error);
    EXPECT_THROW(guard(world, reports, 0), Error);
  });
}

TEST(LateReport, BlamesTheTransportWhenAllHaveArrived) {
  PeerState first;
  first.entered[5] = 9;
  PeerState second;
  second.rank = 1;
  second.entered[5] = 8;
  LateCollective late{.entry = {.group = 5, .sequence = 8, .name = "all_gather"},
                      .members = {0, 1}};

  EXPECT_THAT(late_report(late, {first, second}), HasSubstr("transport"));
  late.entry.sequence = 9;
  EXPECT_THAT(late_report(late, {first, second}),
              AllOf(HasSubstr("Not arrived"), HasSubstr("rank 1 (no role yet)")));
}

}  // namespace
}  // namespace alarm_dist::testing

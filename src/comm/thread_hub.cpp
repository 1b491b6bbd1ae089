// SPDX-License-Identifier: Apache-2.0
#include "comm/thread_hub.hpp"

#include <chrono>
#include <utility>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

// How often a waiting rank looks whether another has failed.
constexpr std::chrono::milliseconds kFailurePoll{20};

bool same_tensor_kind(const at::Tensor& a, const at::Tensor& b) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined();
  return a.scalar_type() == b.scalar_type() && a.numel() == b.numel();
}

std::string describe(const ThreadHub::Call& call) {
  if (!call.tensor.defined()) return std::string(call.operation);
  return fmt::format("{} (argument {}) of {} x {}", call.operation, call.argument,
                     call.tensor.numel(), at::toString(call.tensor.scalar_type()));
}

}  // namespace

ThreadHub::ThreadHub(int size, std::shared_ptr<const FailureFlag> failed)
    : calls_(static_cast<std::size_t>(size)), failed_(std::move(failed)) {}

void ThreadHub::meet(int rank, Call mine) {
  call(rank) = std::move(mine);
  wait(rank);
  check_same_call(rank);
}

void ThreadHub::leave(int rank) {
  wait(rank);
  call(rank).tensor.reset();
}

void ThreadHub::wait(int rank) {
  std::unique_lock lock(mutex_);
  const std::int64_t round = round_;
  if (++waiting_ == size()) {
    waiting_ = 0;
    ++round_;
    all_here_.notify_all();
    return;
  }
  while (round_ == round) {
    if (failed_->load()) {
      throw Error(fmt::format("rank {}: another rank failed while this one waited in {}", rank,
                              call(rank).operation),
                  ExitCode::kPeerFailed);
    }
    all_here_.wait_for(lock, kFailurePoll);
  }
}

void ThreadHub::check_same_call(int rank) {
  const Call& mine = call(rank);
  for (int other = 0; other < size(); ++other) {
    const Call& theirs = call(other);
    ALARM_CHECK(mine.operation == theirs.operation && mine.argument == theirs.argument &&
                    same_tensor_kind(mine.tensor, theirs.tensor),
                "rank {} called {} while rank {} called {}", rank, describe(mine), other,
                describe(theirs));
  }
}

}  // namespace alarm_dist

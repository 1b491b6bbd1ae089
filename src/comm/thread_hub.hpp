// SPDX-License-Identifier: Apache-2.0
// Where the ranks of a group that are threads of one process meet.
//
// A collective is: meet() with what this rank brings, read what the others brought, leave().
// Between the two nobody may change what it brought. Both wait for all ranks, and both throw when a
// rank of the world has failed.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

// Shared by everything that waits in a thread world; once set, every wait ends with an Error.
using FailureFlag = std::atomic<bool>;

class ThreadHub {
 public:
  // What a rank brings; operation, argument and the tensor's type and size must be the same on all
  // ranks.
  struct Call {
    std::string_view operation;
    std::int64_t argument = 0;  // the root or the reduction
    at::Tensor tensor =
        {};          // shared, not borrowed: a rank that fails must not take it from the readers
    int colour = 0;  // these three differ by rank: split
    int key = 0;
    std::shared_ptr<ThreadHub> group = nullptr;
  };

  ThreadHub(int size, std::shared_ptr<const FailureFlag> failed);

  int size() const { return static_cast<int>(calls_.size()); }
  const std::shared_ptr<const FailureFlag>& failed() const { return failed_; }

  void meet(int rank, Call call);
  void leave(int rank);
  Call& call(int rank) { return calls_[static_cast<std::size_t>(rank)]; }

 private:
  void wait(int rank);
  void check_same_call(int rank);

  std::vector<Call>
      calls_;  // each rank writes its own before a wait and reads the others' after it
  std::shared_ptr<const FailureFlag> failed_;
  std::mutex mutex_;
  std::condition_variable all_here_;
  int waiting_ = 0;
  std::int64_t round_ = 0;
};

}  // namespace alarm_dist

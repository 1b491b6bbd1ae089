// SPDX-License-Identifier: Apache-2.0
// A NCCL for tests without a GPU: the functions that the code uses, over MPI and host memory.
//
// It keeps NCCL's manners where the code depends on them: initialisation and calls end in the
// background (ncclInProgress for a while), calls inside a group run at its end, a handle is
// destroyed or aborted exactly once. Faults are made here.
#pragma once

#include <functional>
#include <string>

#include <nccl.h>

namespace alarm_dist::testing::fake_nccl {

struct Faults {
  std::string refused_call;                  // this function returns ncclInvalidArgument
  ncclResult_t async_error = ncclSuccess;    // what ncclCommGetAsyncError finds
  bool never_connects = false;               // initialisation stays in progress
  bool stream_stuck = false;                 // the device never finishes; FakeSeam asks
  std::function<void()> on_connect = [] {};  // called by ncclCommInitRankConfig
};

struct Counts {
  int ids = 0;
  int connected = 0;
  int destroyed = 0;
  int aborted = 0;
  int groups_open = 0;

  int live() const { return connected - destroyed - aborted; }
};

// Of this process; a test resets both.
Faults& faults();
Counts& counts();
void reset();

}  // namespace alarm_dist::testing::fake_nccl

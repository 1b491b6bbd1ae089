// SPDX-License-Identifier: Apache-2.0
// A thread that looks at the clock while the rank waits in a collective.
//
// It polls instead of being woken for each collective: arming is a lock and a few words, and a
// deadline of minutes may be a second late.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "alarm/comm/deadline.hpp"

#include "comm/late_report.hpp"

namespace alarm_dist {

class Watchdog {
 public:
  Watchdog(ControlPlane& control, Deadline deadline);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  ControlPlane& control() { return control_; }

  // Watches over a collective for as long as it lives; one at a time, a rank has one thread that
  // communicates.
  class Guard {
   public:
    Guard(Watchdog& watchdog, CollectiveEntry entry, std::vector<int> members);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    Watchdog& watchdog_;
  };

 private:
  using Clock = std::chrono::steady_clock;
  struct Watched {
    CollectiveEntry entry;
    std::vector<int> members;
    Clock::time_point since;
    bool reported = false;
  };

  void watch();
  std::optional<LateCollective> find_late();
  std::string report(const LateCollective& late);

  ControlPlane& control_;
  Deadline deadline_;
  std::mutex mutex_;
  std::condition_variable stopping_;
  std::optional<Watched> watched_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace alarm_dist

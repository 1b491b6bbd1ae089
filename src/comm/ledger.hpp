// SPDX-License-Identifier: Apache-2.0
// What the control plane knows: the counters, and where each rank is. One of them in a job.
// Thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "alarm/comm/control_plane.hpp"

namespace alarm_dist {

// What a rank tells about itself.
struct RankState {
  std::string role;
  std::string doing;
  CollectiveEntry last;  // sequence 0: none yet
};

class Ledger {
 public:
  explicit Ledger(int size);

  std::int64_t claim(const std::string& counter, std::int64_t amount);
  void update(int rank, const RankState& state);
  std::vector<PeerState> peers() const;

 private:
  using Clock = std::chrono::steady_clock;

  mutable std::mutex mutex_;
  std::map<std::string, std::int64_t> counters_;
  std::vector<PeerState> peers_;
  std::vector<Clock::time_point> heard_;  // by rank
};

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// The control plane: claims, heartbeats, the ledger of collectives.
//
// MPI cannot serve a claim while its target computes, so a small server on rank 0 does, over ZeroMQ with CURVE keys made
// for the job; one thread a process. Thread-safe. Not for data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace alarm_dist {

// What the ledger knows of a rank.
struct PeerState {
  int rank = 0;
  std::string role;              // "colocated", "rollout", "reward", "learner"
  std::string doing;             // the phase it named last
  std::int64_t collectives = 0;  // sequence number of the last collective it entered
  double silent_s = 0;           // seconds since its last heartbeat
};

class ControlPlane {
 public:
  virtual ~ControlPlane() = default;

  // Adds amount to the named counter and returns what it was before; counters start at 0. Atomic over all ranks.
  virtual std::int64_t claim(std::string_view counter, std::int64_t amount = 1) = 0;
  // Tells the ledger what this rank is, and is doing; cheap, sent with the next heartbeat or at once for a collective.
  virtual void set_role(std::string_view role) = 0;
  virtual void set_doing(std::string_view doing) = 0;
  virtual void enter_collective(std::int64_t sequence, std::string_view name) = 0;
  virtual std::vector<PeerState> peers() = 0;

 protected:
  ControlPlane() = default;
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;
};

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// The control plane: claims, heartbeats, the ledger of collectives.
//
// MPI cannot serve a claim while its target computes, so a small server on rank 0 does, over ZeroMQ
// with CURVE keys made for the job; one thread a process. Thread-safe. Not for data.
#pragma once

#include <cstdint>
#include <map>
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
  std::string collective;        // and its name
  double silent_s = 0;           // seconds since its last heartbeat
  // Group of ranks -> sequence number of the last collective it entered there.
  std::map<std::int64_t, std::int64_t> entered;
};

// A collective, as the ledger counts it: sequence numbers start at 1 in each group of ranks.
struct CollectiveEntry {
  std::int64_t group = 0;
  std::int64_t sequence = 0;
  std::string name;
};

class ControlPlane {
 public:
  virtual ~ControlPlane() = default;

  virtual int rank() const = 0;  // of the world
  // Adds amount to the named counter and returns what it was before; counters start at 0. Atomic
  // over all ranks.
  virtual std::int64_t claim(std::string_view counter, std::int64_t amount = 1) = 0;
  // Tells the ledger what this rank is, and is doing; cheap, sent with the next heartbeat or at
  // once for a collective.
  virtual void set_role(std::string_view role) = 0;
  virtual void set_doing(std::string_view doing) = 0;
  virtual void enter_collective(const CollectiveEntry& entry) = 0;
  // By rank.
  virtual std::vector<PeerState> peers() = 0;

 protected:
  ControlPlane() = default;
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;
};

}  // namespace alarm_dist

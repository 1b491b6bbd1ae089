// SPDX-License-Identifier: Apache-2.0
// All ranks of the job and what connects them. Built once in main and passed down; there is no
// global.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "alarm/comm/communicator.hpp"
#include "alarm/comm/control_plane.hpp"
#include "alarm/comm/mailbox.hpp"

namespace alarm_dist {

struct WorldOptions {
  double collective_timeout_s =
      600;  // a collective that is later than this ends the job with a report
};

class World {
 public:
  virtual ~World() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual int local_rank() const = 0;  // among the ranks of this node
  virtual int local_size() const = 0;
  virtual const std::vector<std::string>& hosts() const = 0;  // by rank

  virtual Communicator& communicator() = 0;  // all ranks, host memory
  virtual Mailbox& mailbox() = 0;
  virtual ControlPlane& control() = 0;
  // A communicator of all ranks for tensors on the device. Collective; host devices get one over
  // MPI.
  virtual std::unique_ptr<Communicator> make_communicator(c10::Device device) = 0;

  // Orderly end, collective; call it before the World is destroyed when nothing failed.
  virtual void close() = 0;
  // Ends all ranks at once with this exit code (MPI_Abort). Does not return.
  [[noreturn]] virtual void abort(int exit_code) = 0;

 protected:
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
};

// Under mpirun or srun the MPI world; started alone, a world of one without MPI.
std::unique_ptr<World> make_world(const WorldOptions& options);

// Runs body as ranks 0..size-1, each on a thread of its own, and rethrows the first failure; ranks
// that wait for the failed one get an Error with ExitCode::kPeerFailed. For tests.
void run_thread_world(int size, const std::function<void(World&)>& body);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "comm/mpi_world.hpp"

#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/comm/deadline.hpp"

#include "comm/control_bootstrap.hpp"
#include "comm/device_communicator.hpp"
#include "comm/host_name.hpp"
#include "comm/local_communicator.hpp"
#include "comm/mpi_communicator.hpp"
#include "comm/mpi_mailbox.hpp"

namespace alarm_dist {
namespace {

// MPI for the whole process. It is not finalised on the way out of a failure: that would wait for
// the other ranks.
class MpiSession {
 public:
  MpiSession() : started_here_(!is_mpi_running()) {
    if (!started_here_) return;
    int provided = MPI_THREAD_SINGLE;
    check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided),
              "MPI_Init_thread");
    ALARM_CHECK(provided >= MPI_THREAD_FUNNELED,
                "this MPI does not support threads at all (level {})", provided);
  }
  void finalize() {
    if (std::exchange(started_here_, false)) check_mpi(MPI_Finalize(), "MPI_Finalize");
  }

 private:
  bool started_here_;
};

// MPI_Abort may itself hang on what made the job hang; the process ends all the same.
[[noreturn]] void end_all_ranks(int exit_code) {
  log::flush();
  std::thread([exit_code] {
    std::this_thread::sleep_for(std::chrono::seconds(5));
    std::_Exit(exit_code);
  }).detach();
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

std::vector<std::string> gather_hosts(Communicator& communicator) {
  const std::string mine = host_name();
  std::vector<std::string> hosts;
  for (const Bytes& name : gather_bytes(communicator, std::as_bytes(std::span(mine)))) {
    hosts.emplace_back(reinterpret_cast<const char*>(name.data()), name.size());
  }
  return hosts;
}

class MpiWorld : public World {
 public:
  explicit MpiWorld(const WorldOptions& options)
      : options_(options), bootstrap_(make_mpi_communicator(MpiComm::duplicate(MPI_COMM_WORLD))) {
    const MpiComm world = MpiComm::duplicate(MPI_COMM_WORLD);
    const MpiComm node = world.split_by_node();
    local_rank_ = node.rank();
    local_size_ = node.size();
    hosts_ = gather_hosts(*bootstrap_);
    mailbox_ = make_mpi_mailbox(MpiComm::duplicate(world.get()), options_.collective_timeout_s);
    const bool one_node = local_size_ == size();
    control_ = make_control_plane(*bootstrap_,
                                  one_node ? ControlReach::kOneHost : ControlReach::kAllHosts);
    communicator_ = guarded(make_mpi_communicator(MpiComm::duplicate(world.get())));
  }

  int rank() const override { return bootstrap_->rank(); }
  int size() const override { return bootstrap_->size(); }
  int local_rank() const override { return local_rank_; }
  int local_size() const override { return local_size_; }
  const std::vector<std::string>& hosts() const override { return hosts_; }
  Communicator& communicator() override { return *open(communicator_); }
  Mailbox& mailbox() override { return *open(mailbox_); }
  ControlPlane& control() override { return *open(control_); }
  std::unique_ptr<Communicator> make_communicator(c10::Device device) override;
  void close() override;
  [[noreturn]] void abort(int exit_code) override { end_all_ranks(exit_code); }

 private:
  template <typename T>
  static T* open(const std::unique_ptr<T>& part) {
    ALARM_CHECK(part != nullptr, "the world has been closed");
    return part.get();
  }
  std::unique_ptr<Communicator> guarded(std::unique_ptr<Communicator> communicator) {
    return with_deadline(
        std::move(communicator), control(),
        {.seconds = options_.collective_timeout_s, .on_late = [](const std::string& report) {
           log::error("{}", report);
           end_all_ranks(static_cast<int>(ExitCode::kPeerFailed));
         }});
  }

  WorldOptions options_;
  MpiSession session_;
  std::unique_ptr<Communicator> bootstrap_;
  int local_rank_ = 0;
  int local_size_ = 1;
  std::vector<std::string> hosts_;
  std::unique_ptr<Mailbox> mailbox_;
  std::unique_ptr<ControlPlane> control_;
  std::unique_ptr<Communicator> communicator_;  // its watchdog asks control_, so it goes first
};

std::unique_ptr<Communicator> MpiWorld::make_communicator(c10::Device device) {
  if (device == c10::kCPU) return communicator().split(0, rank());
  if (size() == 1) return make_local_communicator(device);
  return guarded(make_device_communicator(communicator().split(0, rank()), device,
                                          options_.collective_timeout_s));
}

void MpiWorld::close() {
  mailbox().flush();
  communicator().barrier();
  communicator_.reset();
  control_.reset();
  mailbox_.reset();
  bootstrap_->barrier();
  bootstrap_.reset();
  session_.finalize();
}

}  // namespace

bool is_mpi_running() {
  int initialized = 0;
  check_mpi(MPI_Initialized(&initialized), "MPI_Initialized");
  return initialized != 0;
}

std::unique_ptr<World> make_mpi_world(const WorldOptions& options) {
  return std::make_unique<MpiWorld>(options);
}

}  // namespace alarm_dist

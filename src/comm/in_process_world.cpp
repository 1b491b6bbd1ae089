// SPDX-License-Identifier: Apache-2.0
#include "comm/in_process_world.hpp"

#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"

#include "comm/host_name.hpp"
#include "comm/ledger_control.hpp"
#include "comm/local_communicator.hpp"
#include "comm/thread_communicator.hpp"

namespace alarm_dist {
namespace {

class InProcessWorld : public World {
 public:
  InProcessWorld(const SharedWorld& shared, int rank, std::function<void(int)> on_abort)
      : shared_(shared),
        rank_(rank),
        on_abort_(std::move(on_abort)),
        hosts_(static_cast<std::size_t>(shared.hub->size()), host_name()),
        communicator_(over(shared.hub)),
        mailbox_(make_thread_mailbox(shared.office, rank)),
        control_(make_ledger_control(shared.ledger, rank)) {}

  int rank() const override { return rank_; }
  int size() const override { return shared_.hub->size(); }
  int local_rank() const override { return rank_; }
  int local_size() const override { return size(); }
  const std::vector<std::string>& hosts() const override { return hosts_; }
  Communicator& communicator() override { return *communicator_; }
  Mailbox& mailbox() override { return *mailbox_; }
  ControlPlane& control() override { return *control_; }
  std::unique_ptr<Communicator> make_communicator(c10::Device device) override;
  void close() override { communicator_->barrier(); }
  [[noreturn]] void abort(int exit_code) override {
    on_abort_(exit_code);
    std::abort();
  }

 private:
  std::unique_ptr<Communicator> over(std::shared_ptr<ThreadHub> hub) const {
    if (hub->size() == 1) return make_local_communicator(c10::kCPU);
    return make_thread_communicator(std::move(hub), rank_);
  }

  SharedWorld shared_;
  int rank_;
  std::function<void(int)> on_abort_;
  std::vector<std::string> hosts_;
  std::unique_ptr<Communicator> communicator_;
  std::unique_ptr<Mailbox> mailbox_;
  std::unique_ptr<ControlPlane> control_;
};

std::unique_ptr<Communicator> InProcessWorld::make_communicator(c10::Device device) {
  if (size() == 1) return make_local_communicator(device);
  ALARM_CHECK(device == c10::kCPU, "the ranks of a thread world share host memory, not {}",
              device.str());
  return communicator_->split(0, rank_);
}

// The first failure of the ranks; it releases the others.
class FirstFailure {
 public:
  explicit FirstFailure(FailureFlag& flag) : flag_(flag) {}

  void record(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    flag_.store(true);
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  FailureFlag& flag_;
  std::mutex mutex_;
  std::exception_ptr failure_;
};

[[noreturn]] void throw_abort(int exit_code) {
  throw Error(fmt::format("a rank of a thread world aborted with exit code {}", exit_code),
              static_cast<ExitCode>(exit_code));
}

}  // namespace

std::unique_ptr<World> make_in_process_world(const SharedWorld& shared, int rank,
                                             std::function<void(int)> on_abort) {
  return std::make_unique<InProcessWorld>(shared, rank, std::move(on_abort));
}

std::unique_ptr<World> make_local_world() {
  return make_in_process_world(SharedWorld(1), 0, [](int exit_code) {
    log::flush();
    std::_Exit(exit_code);
  });
}

void run_thread_world(int size, const std::function<void(World&)>& body) {
  ALARM_CHECK(size > 0, "a thread world of {} ranks", size);
  const SharedWorld shared(size);
  FirstFailure failure(*shared.failed);
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < size; ++rank) {
    ranks.emplace_back([&, rank] {
      try {
        const auto world = make_in_process_world(shared, rank, throw_abort);
        body(*world);
      } catch (...) {
        failure.record(std::current_exception());
      }
    });
  }
  for (std::thread& thread : ranks) thread.join();
  failure.rethrow();
}

}  // namespace alarm_dist

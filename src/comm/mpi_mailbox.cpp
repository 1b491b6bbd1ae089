// SPDX-License-Identifier: Apache-2.0
#include "comm/mpi_mailbox.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <limits>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "alarm/base/clock.hpp"
#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"

#include "comm/message_queue.hpp"

namespace alarm_dist {
namespace {

// Waits a little longer each time: a message that is near costs no latency, a far one no processor.
class Backoff {
 public:
  void wait() {
    if (++tries_ < 50) return std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::microseconds(std::min(1000, 10 * tries_)));
  }

 private:
  int tries_ = 0;
};

class MpiMailbox : public Mailbox {
 public:
  MpiMailbox(MpiComm comm, double flush_timeout_s)
      : comm_(std::move(comm)),
        rank_(comm_.rank()),
        size_(comm_.size()),
        flush_timeout_s_(flush_timeout_s) {}
  ~MpiMailbox() override;
  MpiMailbox(const MpiMailbox&) = delete;
  MpiMailbox& operator=(const MpiMailbox&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void send(int to, int tag, Bytes payload) override;
  std::optional<Message> poll(int tag) override {
    pump();
    return take_message(arrived_, tag);
  }
  Message receive(int tag, double timeout_s) override;
  void flush() override;

 private:
  void pump() {
    release_sent();
    while (take_one()) {
    }
  }
  void release_sent();
  bool take_one();

  MpiComm comm_;
  int rank_;
  int size_;
  double flush_timeout_s_;
  std::vector<MPI_Request> requests_;  // of the payloads at the same place in sending_
  std::vector<Bytes> sending_;
  std::deque<Message> arrived_;
};

MpiMailbox::~MpiMailbox() {
  if (requests_.empty()) return;
  // MPI may still read the payloads: better a leak on the way to a failure than memory that is
  // gone.
  log::warn("{} messages were not delivered: flush() was not called", requests_.size());
  static_cast<void>(new (std::nothrow) std::vector<Bytes>(std::move(sending_)));
}

void MpiMailbox::send(int to, int tag, Bytes payload) {
  check_destination(*this, to, tag);
  ALARM_CHECK(payload.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()),
              "rank {}: a message of {} bytes to rank {}; the most is 2 GiB, send it in parts",
              rank_, payload.size(), to);
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Isend(payload.data(), static_cast<int>(payload.size()), MPI_BYTE, to, tag,
                      comm_.get(), &request),
            "MPI_Isend");
  requests_.push_back(request);
  sending_.push_back(std::move(payload));
  release_sent();
}

void MpiMailbox::release_sent() {
  if (requests_.empty()) return;
  std::vector<int> done(requests_.size());
  int count = 0;
  check_mpi(MPI_Testsome(static_cast<int>(requests_.size()), requests_.data(), &count, done.data(),
                         MPI_STATUSES_IGNORE),
            "MPI_Testsome");
  if (count <= 0) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    if (requests_[i] == MPI_REQUEST_NULL) continue;
    requests_[kept] = requests_[i];
    if (kept != i) sending_[kept] = std::move(sending_[i]);
    ++kept;
  }
  requests_.resize(kept);
  sending_.resize(kept);
}

bool MpiMailbox::take_one() {
  int found = 0;
  MPI_Message handle = MPI_MESSAGE_NULL;
  MPI_Status status;
  check_mpi(MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm_.get(), &found, &handle, &status),
            "MPI_Improbe");
  if (found == 0) return false;
  int size = 0;
  check_mpi(MPI_Get_count(&status, MPI_BYTE, &size), "MPI_Get_count");
  Message message{status.MPI_SOURCE, status.MPI_TAG, Bytes(static_cast<std::size_t>(size))};
  check_mpi(MPI_Mrecv(message.payload.data(), size, MPI_BYTE, &handle, &status), "MPI_Mrecv");
  arrived_.push_back(std::move(message));
  return true;
}

Message MpiMailbox::receive(int tag, double timeout_s) {
  const Stopwatch watch;
  Backoff backoff;
  while (true) {
    if (auto message = poll(tag)) return std::move(*message);
    ALARM_CHECK(watch.seconds() < timeout_s, "rank {}: no message with {} within {} s", rank_,
                describe_tag(tag), timeout_s);
    backoff.wait();
  }
}

void MpiMailbox::flush() {
  const Stopwatch watch;
  Backoff backoff;
  for (pump(); !requests_.empty(); pump()) {
    ALARM_CHECK(watch.seconds() < flush_timeout_s_,
                "rank {}: {} messages were not taken within {} s", rank_, requests_.size(),
                flush_timeout_s_);
    backoff.wait();
  }
}

}  // namespace

std::unique_ptr<Mailbox> make_mpi_mailbox(MpiComm comm, double flush_timeout_s) {
  return std::make_unique<MpiMailbox>(std::move(comm), flush_timeout_s);
}

}  // namespace alarm_dist

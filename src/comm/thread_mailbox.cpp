// SPDX-License-Identifier: Apache-2.0
#include "comm/thread_mailbox.hpp"

#include <chrono>
#include <utility>

#include "alarm/base/clock.hpp"
#include "alarm/base/error.hpp"

#include "comm/message_queue.hpp"

namespace alarm_dist {
namespace {

class ThreadMailbox : public Mailbox {
 public:
  ThreadMailbox(std::shared_ptr<PostOffice> office, int rank)
      : office_(std::move(office)), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(office_->queues.size()); }

  void send(int to, int tag, Bytes payload) override {
    check_destination(*this, to, tag);
    const std::lock_guard lock(office_->mutex);
    office_->queues[static_cast<std::size_t>(to)].push_back({rank_, tag, std::move(payload)});
    office_->arrived.notify_all();
  }

  std::optional<Message> poll(int tag) override {
    const std::lock_guard lock(office_->mutex);
    return take_message(mine(), tag);
  }

  Message receive(int tag, double timeout_s) override;
  void flush() override {}

 private:
  std::deque<Message>& mine() { return office_->queues[static_cast<std::size_t>(rank_)]; }

  std::shared_ptr<PostOffice> office_;
  int rank_;
};

Message ThreadMailbox::receive(int tag, double timeout_s) {
  const Stopwatch watch;
  std::unique_lock lock(office_->mutex);
  while (true) {
    if (auto message = take_message(mine(), tag)) return std::move(*message);
    if (office_->failed->load()) {
      throw Error(fmt::format("rank {}: another rank failed while this one waited for {}", rank_,
                              describe_tag(tag)),
                  ExitCode::kPeerFailed);
    }
    ALARM_CHECK(watch.seconds() < timeout_s, "rank {}: no message with {} within {} s", rank_,
                describe_tag(tag), timeout_s);
    office_->arrived.wait_for(lock, std::chrono::milliseconds(20));  // to see failures and the time
  }
}

}  // namespace

std::unique_ptr<Mailbox> make_thread_mailbox(std::shared_ptr<PostOffice> office, int rank) {
  return std::make_unique<ThreadMailbox>(std::move(office), rank);
}

}  // namespace alarm_dist

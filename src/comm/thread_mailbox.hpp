// SPDX-License-Identifier: Apache-2.0
// Messages between threads of one process; a world of one sends to itself through it.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "alarm/comm/mailbox.hpp"

#include "comm/thread_hub.hpp"

namespace alarm_dist {

// The queues of all ranks. One lock for all: tests do not contend for it.
struct PostOffice {
  PostOffice(int size, std::shared_ptr<const FailureFlag> failure)
      : queues(static_cast<std::size_t>(size)), failed(std::move(failure)) {}

  std::mutex mutex;
  std::condition_variable arrived;
  std::vector<std::deque<Message>> queues;  // by receiver
  std::shared_ptr<const FailureFlag> failed;
};

std::unique_ptr<Mailbox> make_thread_mailbox(std::shared_ptr<PostOffice> office, int rank);

}  // namespace alarm_dist

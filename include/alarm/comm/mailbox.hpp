// SPDX-License-Identifier: Apache-2.0
// Ragged messages between ranks, point to point: finished rollouts, scores, experience.
//
// Sending never waits for the receiver to be ready; messages between two ranks with one tag arrive
// in the order sent.
#pragma once

#include <optional>

#include "alarm/base/bytes.hpp"

namespace alarm_dist {

inline constexpr int kAnyTag = -1;

struct Message {
  int from = 0;
  int tag = 0;  // >= 0
  Bytes payload;
};

class Mailbox {
 public:
  virtual ~Mailbox() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  // At most 2 GiB; to == rank() is allowed.
  virtual void send(int to, int tag, Bytes payload) = 0;
  // A message that has arrived, or nothing. Also makes progress on what was sent.
  virtual std::optional<Message> poll(int tag = kAnyTag) = 0;
  // Waits for a message; throws Error that names the tag when timeout_s passes without one.
  virtual Message receive(int tag = kAnyTag, double timeout_s = 600) = 0;
  // Waits until everything sent has left this rank's buffers; takes in what arrives meanwhile.
  // Throws Error when a receiver takes nothing for the world's collective timeout.
  virtual void flush() = 0;

 protected:
  Mailbox() = default;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
};

}  // namespace alarm_dist

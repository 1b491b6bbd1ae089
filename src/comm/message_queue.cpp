// SPDX-License-Identifier: Apache-2.0
#include "comm/message_queue.hpp"

#include <algorithm>
#include <utility>

#include "alarm/base/error.hpp"

namespace alarm_dist {

std::optional<Message> take_message(std::deque<Message>& queue, int tag) {
  const auto found = std::find_if(queue.begin(), queue.end(), [tag](const Message& message) {
    return tag == kAnyTag || message.tag == tag;
  });
  if (found == queue.end()) return std::nullopt;
  Message message = std::move(*found);
  queue.erase(found);
  return message;
}

std::string describe_tag(int tag) {
  return tag == kAnyTag ? "any tag" : fmt::format("tag {}", tag);
}

void check_destination(const Mailbox& mailbox, int to, int tag) {
  ALARM_CHECK(to >= 0 && to < mailbox.size(), "rank {}: a message to rank {} of {}", mailbox.rank(),
              to, mailbox.size());
  ALARM_CHECK(tag >= 0, "rank {}: a message with tag {}, tags are not negative", mailbox.rank(),
              tag);
}

}  // namespace alarm_dist

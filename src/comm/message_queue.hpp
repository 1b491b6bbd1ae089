// SPDX-License-Identifier: Apache-2.0
// What both mailboxes do with messages that have arrived but were not asked for yet.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "alarm/comm/mailbox.hpp"

namespace alarm_dist {

// The first message with this tag (or with any), taken out of the queue.
std::optional<Message> take_message(std::deque<Message>& queue, int tag);
std::string describe_tag(int tag);
void check_destination(const Mailbox& mailbox, int to, int tag);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "alarm/text/chat.hpp"

namespace alarm_dist {

std::string chatml_prompt(const std::vector<ChatMessage>& messages) {
  std::string text;
  for (const ChatMessage& message : messages) {
    text += "<|im_start|>" + message.role + "\n" + message.content + "<|im_end|>\n";
  }
  return text + "<|im_start|>assistant\n";
}

}  // namespace alarm_dist

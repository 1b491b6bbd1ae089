// SPDX-License-Identifier: Apache-2.0
// Chat messages to the text a model was trained on.
#pragma once

#include <string>
#include <vector>

namespace alarm_dist {

struct ChatMessage {
  std::string role;  // system | user | assistant
  std::string content;
};

// ChatML: <|im_start|>role\ncontent<|im_end|>\n for each message, then <|im_start|>assistant\n.
std::string chatml_prompt(const std::vector<ChatMessage>& messages);

}  // namespace alarm_dist

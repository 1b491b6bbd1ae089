// SPDX-License-Identifier: Apache-2.0
// Chat messages to the text a model was trained on: the template that comes with the model is
// executed, as transformers' apply_chat_template does.
//
// Const after construction and safe to share between threads.
#pragma once

#include <ctime>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace alarm_dist {

struct ChatMessage {
  std::string role;  // system | user | assistant
  std::string content;
};

// ChatML: <|im_start|>role\ncontent<|im_end|>\n for each message, then <|im_start|>assistant\n.
std::string chatml_prompt(const std::vector<ChatMessage>& messages);

// Messages to the text that a model is asked with.
using ChatFormat = std::function<std::string(const std::vector<ChatMessage>&)>;

// Noon of a day written as 2024-07-26, local time. Throws UsageError for what is no day.
std::time_t noon_of(std::string_view day);

class ChatTemplate {
 public:
  // Of models that bring none.
  static ChatTemplate chatml();
  // The template's text; `name` stands in messages. Throws Error "name:line: what" for what is not
  // supported.
  static ChatTemplate parse(std::string text, const std::string& name);
  // Of a model's directory: chat_template.jinja, else "chat_template" of tokenizer_config.json (a
  // text, or named ones: "default", and "tool_use" for conversations with tools), else ChatML. The
  // special tokens of tokenizer_config.json are variables of the template.
  static ChatTemplate load(const std::filesystem::path& directory);

  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  // Where it came from, for the log: a file, or "ChatML (no template in DIRECTORY)".
  const std::string& origin() const;
  // Whether load() found none with the model, so that this one is a guess.
  bool is_guess() const;

  // What strftime_now tells templates that ask; unless this is called, the time of rendering, as
  // transformers has it.
  void set_time(std::time_t time);

  // The conversation, and the beginning of the assistant's answer. Throws Error, also with what the
  // template itself objects to.
  std::string prompt(const std::vector<ChatMessage>& messages) const;
  // An object with "messages" and what else the template reads: "tools", "documents",
  // "add_generation_prompt" (false where absent) and others.
  std::string render(const nlohmann::ordered_json& variables) const;

 private:
  struct Impl;
  explicit ChatTemplate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace alarm_dist

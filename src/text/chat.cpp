// SPDX-License-Identifier: Apache-2.0
#include "alarm/text/chat.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <fstream>
#include <iomanip>
#include <map>
#include <optional>
#include <sstream>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"

#include "text/jinja/template.hpp"
#include "text/json_field.hpp"

namespace alarm_dist {
namespace {

constexpr const char* kDefault = "default";
constexpr const char* kToolUse = "tool_use";
constexpr const char* kChatMl =
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

using Templates = std::map<std::string, jinja::Template>;

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || !text) throw Error(path.string() + ": cannot be read");
  return std::move(text).str();
}

void add_template(Templates& templates, const std::string& name, std::string text,
                  const std::string& origin) {
  templates.insert_or_assign(name, jinja::Template(std::move(text), origin));
}

Templates read_config_templates(const JsonField& config) {
  Templates templates;
  if (!config.has("chat_template")) return templates;
  const JsonField field = config.at("chat_template");
  if (field.value().is_string()) {
    add_template(templates, kDefault, field.text(), field.where());
    return templates;
  }
  for (const JsonField& named : field.elements()) {
    const auto name = named.at("name").text();
    add_template(templates, name, named.at("template").text(), named.where() + " \"" + name + "\"");
  }
  return templates;
}

// A token is a text, or an object that holds it as "content".
nlohmann::ordered_json read_special_tokens(const JsonField& config) {
  static constexpr std::array<const char*, 7> kNames = {
      "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"};
  nlohmann::ordered_json tokens = nlohmann::ordered_json::object();
  for (const char* name : kNames) {
    if (!config.has(name)) continue;
    const JsonField token = config.at(name);
    tokens[name] = token.value().is_object() ? token.at("content").text() : token.text();
  }
  return tokens;
}

// A model's reasoning has had several names; templates read one of the first two.
void name_reasoning(nlohmann::ordered_json& message) {
  if (!message.is_object()) return;
  for (const char* name : {"reasoning_content", "thinking", "reasoning"}) {
    const auto found = message.find(name);
    if (found == message.end() || found->is_null()) continue;
    const nlohmann::ordered_json reasoning = *found;
    nlohmann::ordered_json renamed = {{"thinking", reasoning}};
    for (const auto& [key, value] : message.items()) renamed[key] = value;
    renamed["reasoning_content"] = reasoning;
    message = std::move(renamed);
    return;
  }
}

}  // namespace

std::string chatml_prompt(const std::vector<ChatMessage>& messages) {
  std::string text;
  for (const ChatMessage& message : messages) {
    text += "<|im_start|>" + message.role + "\n" + message.content + "<|im_end|>\n";
  }
  return text + "<|im_start|>assistant\n";
}

std::time_t noon_of(std::string_view day) {
  std::tm time{};
  std::istringstream in{std::string(day)};
  in >> std::get_time(&time, "%Y-%m-%d");
  const std::tm read = time;
  time.tm_hour = 12;
  time.tm_isdst = -1;
  const std::time_t noon = std::mktime(&time);
  // mktime makes March 2 of February 30.
  const bool is_day = !in.fail() && in.peek() == std::istringstream::traits_type::eof() &&
                      day.size() == 10 && noon != -1 && time.tm_mday == read.tm_mday &&
                      time.tm_mon == read.tm_mon;
  if (!is_day) throw UsageError(fmt::format("date '{}': expected a day like 2024-07-26", day));
  return noon;
}

struct ChatTemplate::Impl {
  std::string origin;
  Templates templates;  // by name; not empty
  nlohmann::ordered_json special_tokens = nlohmann::ordered_json::object();
  bool guess = false;
  std::optional<std::time_t> time{};

  const jinja::Template& choose(bool with_tools) const {
    if (with_tools && templates.contains(kToolUse)) return templates.at(kToolUse);
    const auto found = templates.find(kDefault);
    ALARM_CHECK(found != templates.end(),
                "{}: {} named templates, expected one named \"default\" among them", origin,
                templates.size());
    return found->second;
  }
};

ChatTemplate::ChatTemplate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

ChatTemplate ChatTemplate::parse(std::string text, const std::string& name) {
  auto impl = std::make_unique<Impl>();
  impl->origin = name;
  add_template(impl->templates, kDefault, std::move(text), name);
  return ChatTemplate(std::move(impl));
}

ChatTemplate ChatTemplate::chatml() { return parse(kChatMl, "ChatML"); }

ChatTemplate ChatTemplate::load(const std::filesystem::path& directory) {
  auto impl = std::make_unique<Impl>();
  const auto config_file = directory / "tokenizer_config.json";
  const auto template_file = directory / "chat_template.jinja";
  if (std::filesystem::exists(config_file)) {
    const nlohmann::json json = read_json(config_file);
    const JsonField config(json, config_file.string());
    ALARM_CHECK(json.is_object(), "{}: expected an object", config_file.string());
    impl->origin = config_file.string();
    impl->special_tokens = read_special_tokens(config);
    // The file beside comes first, and a broken entry that it replaces is no error.
    if (!std::filesystem::exists(template_file)) impl->templates = read_config_templates(config);
  }
  if (std::filesystem::exists(template_file)) {
    impl->origin = template_file.string();
    add_template(impl->templates, kDefault, read_text(template_file), impl->origin);
  }
  if (impl->templates.empty()) {
    impl->origin = "ChatML (no template in " + directory.string() + ")";
    impl->guess = true;
    add_template(impl->templates, kDefault, kChatMl, impl->origin);
  }
  return ChatTemplate(std::move(impl));
}

const std::string& ChatTemplate::origin() const { return impl_->origin; }

bool ChatTemplate::is_guess() const { return impl_->guess; }

void ChatTemplate::set_time(std::time_t time) { impl_->time = time; }

std::string ChatTemplate::prompt(const std::vector<ChatMessage>& messages) const {
  nlohmann::ordered_json variables = {{"messages", nlohmann::ordered_json::array()},
                                      {"add_generation_prompt", true}};
  for (const ChatMessage& message : messages) {
    variables["messages"].push_back({{"role", message.role}, {"content", message.content}});
  }
  return render(variables);
}

std::string ChatTemplate::render(const nlohmann::ordered_json& variables) const {
  ALARM_CHECK(variables.contains("messages") && variables.at("messages").is_array(),
              "{}: a conversation needs a list of messages", impl_->origin);
  nlohmann::ordered_json all = impl_->special_tokens;
  all.update({{"tools", nullptr}, {"documents", nullptr}, {"add_generation_prompt", false}});
  for (const auto& [name, value] : variables.items()) all[name] = value;
  for (auto& message : all["messages"]) name_reasoning(message);
  return impl_->choose(!all["tools"].is_null())
      .render(all, impl_->time.value_or(std::time(nullptr)));
}

}  // namespace alarm_dist

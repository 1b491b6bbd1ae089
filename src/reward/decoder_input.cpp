// SPDX-License-Identifier: Apache-2.0
#include "reward/decoder_input.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/base/text.hpp"

#include "reward/placeholders.hpp"

namespace alarm_dist {
namespace {

constexpr std::string_view kPrompt = "prompt";
constexpr std::string_view kResponse = "response";
constexpr std::array<std::string_view, 5> kNames = {kPrompt, "question", "aspect", "document",
                                                    kResponse};
// Stands for the response where its place in a conversation is looked for; nothing in it is trimmed
// or escaped.
constexpr std::string_view kMarker = "(here stands the response 7f3a9c)";

void check_messages(const Record& record) {
  ALARM_CHECK(
      !record.messages.empty(),
      "record {}: it has no prompt and no messages, which the reward model's template shows",
      record.id);
}

// What a prompt says, without its chat format: what the user asks, below the system's words.
std::string prompt_text(const Record& record) {
  check_messages(record);
  std::string text;
  for (const ChatMessage& message : record.messages) {
    ALARM_CHECK(message.role != "assistant",
                "record {}: its prompt is a conversation with answers, for which {{prompt}} of a "
                "reward model's template has no place; `template: chat` has",
                record.id);
    text += (text.empty() ? "" : "\n\n") + message.content;
  }
  return text;
}

std::string value_of(std::string_view name, const Record& record, const std::string& response) {
  if (name == kPrompt) return prompt_text(record);
  if (name == "question") return record.question;
  if (name == "aspect") return record.aspect;
  if (name == "document") return record.document;
  return response;
}

std::string render_conversation(const ChatTemplate& chat, const Record& record,
                                const std::string& response) {
  check_messages(record);
  auto messages = nlohmann::ordered_json::array();
  for (const ChatMessage& message : record.messages)
    messages.push_back({{"role", message.role}, {"content", message.content}});
  messages.push_back({{"role", "assistant"}, {"content", response}});
  return chat.render({{"messages", messages}, {"add_generation_prompt", false}});
}

// Where in the response begins what a template says of it: all but white space at its ends. Nothing
// when it says something else.
std::optional<std::int64_t> begin_of(std::string_view said, std::string_view response) {
  const auto found = response.find(said);
  if (found == std::string_view::npos || trim(said) != trim(response)) return std::nullopt;
  return static_cast<std::int64_t>(found);
}

}  // namespace

std::optional<std::int64_t> token_at(const std::vector<Span>& ranges, std::int64_t byte) {
  std::optional<std::int64_t> found;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (ranges[i].end < 0) continue;
    if (ranges[i].begin > byte) break;
    found = static_cast<std::int64_t>(i);
  }
  return found;
}

DecoderTemplate DecoderTemplate::text(std::string text) {
  const auto parts = split_template(text, kNames);
  const auto responses = std::ranges::count(parts, kResponse, &TemplatePart::placeholder);
  if (responses != 1) {
    throw UsageError(
        fmt::format("the template '{}' of a reward model has {} times {{response}}, expected once",
                    text, responses));
  }
  DecoderTemplate made;
  made.text_ = std::move(text);
  return made;
}

DecoderTemplate DecoderTemplate::conversation(ChatTemplate chat) {
  DecoderTemplate made;
  made.chat_.emplace(std::move(chat));
  return made;
}

std::vector<std::string> DecoderTemplate::reads() const {
  std::vector<std::string> names;
  for (const TemplatePart& part : split_template(text_, kNames)) {
    const auto& name = part.placeholder;
    if (!name.empty() && name != kPrompt && name != kResponse) names.emplace_back(name);
  }
  return names;
}

DecoderTemplate::Rendered DecoderTemplate::fill(const Record& record,
                                                const std::string& response) const {
  Rendered rendered;
  for (const TemplatePart& part : split_template(text_, kNames)) {
    const auto begin = std::ssize(rendered.text);
    rendered.text += part.literal;
    if (part.placeholder.empty()) continue;
    rendered.text += value_of(part.placeholder, record, response);
    if (part.placeholder == kResponse) rendered.response = Span{begin, std::ssize(rendered.text)};
  }
  return rendered;
}

// The response stands where a conversation that ends with the marker has it.
DecoderTemplate::Rendered DecoderTemplate::converse(const Record& record,
                                                    const std::string& response) const {
  ALARM_CHECK(chat_.has_value(), "a template that is a text has no conversation");
  Rendered rendered{.text = render_conversation(*chat_, record, response)};
  const std::string marked = render_conversation(*chat_, record, std::string(kMarker));
  const auto begin = marked.rfind(kMarker);
  ALARM_CHECK(begin != std::string::npos,
              "{}: the chat template leaves out what the assistant says", chat_->origin());
  const auto size = std::ssize(rendered.text) - std::ssize(marked) + std::ssize(kMarker);
  if (size < 0) return rendered;
  const auto said = std::string_view(rendered.text).substr(begin, static_cast<std::size_t>(size));
  if (const auto skipped = begin_of(said, response)) {
    const auto first = static_cast<std::int64_t>(begin);
    rendered.response = Span{first, first + size};
    rendered.skipped = *skipped;
  }
  return rendered;
}

DecoderInput DecoderTemplate::build(const Tokenizer& tokenizer, const Record& record,
                                    const std::string& response, std::int64_t max_tokens) const {
  const Rendered rendered = chat_ ? converse(record, response) : fill(record, response);
  const auto encoding = tokenizer.encode(
      rendered.text,
      {.special_tokens = !chat_.has_value(), .max_tokens = max_tokens, .cut = Side::kLeft});
  ALARM_CHECK(!encoding.ids.empty(), "record {}: the reward model has nothing to read", record.id);
  DecoderInput input{.tokens = encoding.ids};
  if (!rendered.response) return input;
  const Span& whole = *rendered.response;
  const auto shift = rendered.skipped - whole.begin;
  for (const Span& token : encoding.offsets) {
    const Span inside{std::max(token.begin, whole.begin), std::min(token.end, whole.end)};
    input.ranges.push_back(
        inside.begin < inside.end ? Span{inside.begin + shift, inside.end + shift} : Span{-1, -1});
  }
  return input;
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// Data sets of ready prompts or chat messages.
#include <algorithm>
#include <array>
#include <set>

#include "alarm/text/chat.hpp"
#include "alarm/text/dataset.hpp"

#include "text/dataset_checks.hpp"
#include "text/json_field.hpp"

namespace alarm_dist {
namespace {

constexpr std::array<std::string_view, 3> kRoles = {"system", "user", "assistant"};

std::vector<ChatMessage> read_messages(const JsonField& field) {
  std::vector<ChatMessage> messages;
  for (const auto& element : field.elements()) {
    ChatMessage message{element.at("role").text(), element.at("content").text()};
    const bool known = std::find(kRoles.begin(), kRoles.end(), message.role) != kRoles.end();
    ALARM_CHECK(known, "{}: role \"{}\", expected system, user or assistant", element.where(),
                message.role);
    messages.push_back(std::move(message));
  }
  ALARM_CHECK(!messages.empty(), "{}: no messages", field.where());
  return messages;
}

Record read_record(const JsonField& object, const ChatFormat& chat) {
  ALARM_CHECK(object.has("prompt") != object.has("messages"),
              "{}: expected either \"prompt\" or \"messages\"", object.where());
  Record record;
  record.source = object.where();
  record.id = object.text_or("id", object.where());
  record.plain_prompt = object.has("prompt");
  record.messages = record.plain_prompt
                        ? std::vector<ChatMessage>{{"user", object.at("prompt").text()}}
                        : read_messages(object.at("messages"));
  record.prompt = record.plain_prompt ? record.messages.front().content : chat(record.messages);
  record.question = object.text_or("question", "");
  record.aspect = object.text_or("aspect", "");
  record.document = object.text_or("document", "");
  record.reference = object.text_or("reference", "");
  record.rejected = object.text_or("rejected", "");
  ALARM_CHECK(!record.prompt.empty(), "{}: the prompt is empty", object.where());
  return record;
}

}  // namespace

Dataset load_prompts(const std::filesystem::path& file, OnDataError on_error,
                     const ChatFormat& chat) {
  std::vector<Record> records;
  std::set<std::string> ids;
  const auto skipped = read_json_lines(file, on_error, [&](const auto& object, const auto& where) {
    Record record = read_record(JsonField(object, where), chat);
    ALARM_CHECK(ids.insert(record.id).second, "{}: id \"{}\" stood in this file before", where,
                record.id);
    records.push_back(std::move(record));
  });
  return make_dataset(file.stem().string(), std::move(records), skipped, file);
}

}  // namespace alarm_dist

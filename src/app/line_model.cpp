// SPDX-License-Identifier: Apache-2.0
#include "app/line_model.hpp"

#include <CLI/CLI.hpp>

#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/model/device.hpp"
#include "alarm/model/peft_adapter.hpp"

namespace alarm_dist {
namespace {

bool has_text(const nlohmann::ordered_json& message, const char* key) {
  return message.contains(key) && message.at(key).is_string();
}

// The list under "messages"; nothing without it.
const nlohmann::ordered_json* find_messages(const Line& line) {
  const auto found = line.record.find("messages");
  if (found == line.record.end()) return nullptr;
  if (!found->is_array() || found->empty())
    throw UsageError(fmt::format("{}: 'messages' must be a list of messages", line.source));
  for (const auto& message : *found) {
    // What else a content may be (parts, nothing beside tool calls) is for the template to take.
    const bool content = message.is_object() && message.contains("content") &&
                         !message.at("content").is_number() && !message.at("content").is_boolean();
    if (!message.is_object() || !has_text(message, "role") || !content) {
      throw UsageError(
          fmt::format("{}: each of 'messages' needs 'role', a text, and 'content'", line.source));
    }
  }
  return &*found;
}

std::string prompt_of(const Line& line, LoadedModel& loaded) {
  const auto* found = find_messages(line);
  if (found == nullptr) return text_field(line, "prompt");
  nlohmann::ordered_json variables = {{"messages", *found}, {"add_generation_prompt", true}};
  for (const char* key : {"tools", "documents"}) {
    if (line.record.contains(key)) variables[key] = line.record.at(key);
  }
  if (!loaded.chat) {
    loaded.chat = ChatTemplate::load(loaded.dir);
    if (!loaded.date.empty()) loaded.chat->set_time(noon_of(loaded.date));
    log::root_info("chat template: {}", loaded.chat->origin());
  }
  try {
    return loaded.chat->render(variables);
  } catch (const Error& error) {
    throw UsageError(fmt::format("{}: {}", line.source, error.what()));
  }
}

std::unique_ptr<CausalLm> load_language_model(const std::filesystem::path& dir,
                                              CausalLmOptions options, const std::string& adapter) {
  if (!adapter.empty()) return load_with_adapter(dir, options, adapter);
  options.trained = Trained::kNothing;
  return CausalLm::load(dir, options);
}

}  // namespace

void add_model_options(CLI::App& command, ModelOptions& options) {
  command.add_option("--model", options.model, "Hugging Face directory or .gguf file");
  command.add_option("--adapter", options.adapter,
                     "Folder of a LoRA adapter of --model, in PEFT's layout");
  command.add_option("--precision", options.precision, "auto, float32, bfloat16 or float64")
      ->capture_default_str();
  command.add_option("--device", options.device, "cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}));
  command.add_option("--date", options.date,
                     "Day that chat templates which ask for today's are told, like 2024-07-26");
  command.add_option("--cache", options.cache, "Folder of converted weights")
      ->capture_default_str();
}

c10::Device device_of(const ModelOptions& options, const World& world) {
  return local_device(options.device, world.local_rank());
}

LoadedModel load_model(const ModelOptions& options, const World& world) {
  const auto device = device_of(options, world);
  const auto dtype = parse_precision(options.precision, device);
  const auto dir = resolve_model(options.model, dtype, options.cache);
  LoadedModel loaded{load_language_model(dir, {.dtype = dtype, .device = device}, options.adapter),
                     options.adapter.empty() ? Adapter::kOff : Adapter::kOn, load_tokenizer(dir),
                     dir, options.date};
  check_tokenizer_fits(loaded.model->shape(), loaded.tokenizer->id_limit(), dir.string());
  return loaded;
}

std::vector<std::int64_t> encode_prompt(const Line& line, LoadedModel& loaded) {
  const bool plain = !line.record.contains("messages");
  return loaded.tokenizer->encode(prompt_of(line, loaded), {.special_tokens = plain}).ids;
}

std::vector<ChatMessage> messages_of(const Line& line) {
  std::vector<ChatMessage> messages;
  const auto* found = find_messages(line);
  if (found == nullptr) {
    if (line.record.contains("prompt")) messages.push_back({"user", text_field(line, "prompt")});
    return messages;
  }
  for (const auto& message : *found) {
    if (!has_text(message, "content")) {
      throw UsageError(
          fmt::format("{}: a reward model reads messages whose 'content' is a text", line.source));
    }
    messages.push_back(
        {message.at("role").get<std::string>(), message.at("content").get<std::string>()});
  }
  return messages;
}

void check_fits(const Line& line, const std::vector<std::int64_t>& prompt, std::int64_t new_tokens,
                std::int64_t context) {
  const auto tokens = static_cast<std::int64_t>(prompt.size());
  if (tokens + new_tokens <= context) return;
  throw UsageError(fmt::format(
      "{}: the prompt has {} tokens; with {} new ones it does not fit the model's context of {}",
      line.source, tokens, new_tokens, context));
}

}  // namespace alarm_dist

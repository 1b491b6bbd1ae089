// SPDX-License-Identifier: Apache-2.0
// A language model for a job on lines: its options, how it is loaded, and lines as its prompts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alarm/comm/world.hpp"
#include "alarm/model/causal_lm.hpp"
#include "alarm/text/chat.hpp"
#include "alarm/text/tokenizer.hpp"
#include "alarm/train/config.hpp"

#include "app/line_job.hpp"

namespace alarm_dist {

struct ModelOptions {
  std::string model;
  std::string adapter = {};  // a folder in PEFT's layout; empty: none
  std::string precision = "auto";
  std::string device = "cpu";
  std::string cache = PathsConfig().cache;
  std::string date = {};  // told to chat templates; empty: today's
};

void add_model_options(CLI::App& command, ModelOptions& options);
c10::Device device_of(const ModelOptions& options, const World& world);

struct LoadedModel {
  std::unique_ptr<CausalLm> model;
  Adapter adapter = Adapter::kOff;  // on where the options name one
  std::unique_ptr<Tokenizer> tokenizer;
  std::filesystem::path dir;
  std::string date = {};                  // of ModelOptions
  std::optional<ChatTemplate> chat = {};  // read when the first conversation comes
};

LoadedModel load_model(const ModelOptions& options, const World& world);

// Tokens of "prompt", with those that the tokenizer adds, or of "messages" (with "tools" and
// "documents", if there are) through the model's chat template, which writes such tokens itself.
std::vector<std::int64_t> encode_prompt(const Line& line, LoadedModel& loaded);

// "messages" whose contents are texts, or "prompt" as what the user says; empty without either.
std::vector<ChatMessage> messages_of(const Line& line);

// Throws UsageError naming the line whose prompt leaves no room for so many tokens.
void check_fits(const Line& line, const std::vector<std::int64_t>& prompt, std::int64_t new_tokens,
                std::int64_t context);

}  // namespace alarm_dist

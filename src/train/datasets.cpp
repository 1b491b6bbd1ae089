// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/text/chat.hpp"
#include "alarm/train/trainer.hpp"

#include "train/policy_loader.hpp"
#include "train/prompt_tokens.hpp"
#include "train/reference_answers.hpp"

namespace alarm_dist {
namespace {

ChatFormat chat_format(const TrainConfig& config) {
  if (config.task.chat == "chatml") return chatml_prompt;
  const c10::Device device = config.policy.device == "cuda" ? c10::kCUDA : c10::kCPU;
  const auto dir = resolve_model(
      config.policy.model, parse_precision(config.policy.precision, device), config.paths.cache);
  auto chat = std::make_shared<ChatTemplate>(ChatTemplate::load(dir));
  chat->set_time(noon_of(config.task.date));
  return [chat = std::shared_ptr<const ChatTemplate>(std::move(chat))](
             const std::vector<ChatMessage>& messages) { return chat->prompt(messages); };
}

Dataset load_split(const TaskConfig& task, const std::string& file, const ChatFormat& chat) {
  const auto on_error = task.on_error == "skip" ? OnDataError::kSkip : OnDataError::kStop;
  if (task.name == "aclsum")
    return load_aclsum({.file = file,
                        .sections = task.sections,
                        .max_words = task.max_words,
                        .on_error = on_error,
                        .chat = chat});
  return load_prompts(file, on_error, chat);
}

}  // namespace

Datasets load_datasets(const TrainConfig& config) {
  const auto chat = chat_format(config);
  return {load_split(config.task, config.task.train, chat),
          load_split(config.task, config.task.validation, chat),
          load_split(config.task, config.task.test, chat)};
}

void check_prompts(World& world, const TrainConfig& config) {
  Datasets data = load_datasets(config);
  const Algorithm algorithm = resolve_algorithm(config.algorithm);
  const bool from_answers = algorithm.data == StepData::kReferences;
  const auto rejected = algorithm.learns_preferences() ? WithRejected::kYes : WithRejected::kNo;
  if (from_answers) check_answers(data.train, rejected);
  if (measures_answers(config)) check_answers(data.validation, WithRejected::kNo);
  if (!config.rewards.configured) check_answers(data.test, WithRejected::kNo);
  const auto policy = load_policy(config, world);
  const auto tokenizer = load_policy_tokenizer(config, *policy);
  const auto on_error = config.task.on_error == "skip" ? OnDataError::kSkip : OnDataError::kStop;
  for (auto* dataset : {&data.train, &data.validation, &data.test}) {
    check_prompt_lengths(*dataset, *tokenizer, policy->shape().context,
                         config.rollout.sampling.max_new_tokens, on_error);
  }
  if (from_answers) warn_of_cut_answers(data.train, rejected, *policy, *tokenizer);
  if (algorithm.own_critic) load_critic_for(config, *policy, *tokenizer, std::move(data.train));
}

void check_prompt_lengths(Dataset& dataset, const Tokenizer& tokenizer, std::int64_t context,
                          std::int64_t max_new_tokens, OnDataError on_error) {
  std::vector<Record> fitting;
  std::int64_t too_long = 0;
  for (const auto& record : dataset.records()) {
    const auto tokens = std::ssize(prompt_tokens(tokenizer, record));
    if (tokens + max_new_tokens <= context) {
      fitting.push_back(record);
      continue;
    }
    const auto message = fmt::format(
        "{}: the prompt of record '{}' has {} tokens; with {} new ones it does not fit the "
        "model's context of {}",
        record.source, record.id, tokens, max_new_tokens, context);
    if (on_error == OnDataError::kStop)
      throw UsageError(message + " (task.on_error: skip leaves such records out)");
    log::root_info("skipped: {}", message);
    too_long += 1;
  }
  if (fitting.empty()) throw UsageError(fmt::format("{}: no record is left", dataset.name()));
  if (too_long > 0)
    dataset = Dataset(dataset.name(), std::move(fitting), dataset.skipped() + too_long);
}

}  // namespace alarm_dist

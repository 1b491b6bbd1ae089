// SPDX-License-Identifier: Apache-2.0
// score: log-probabilities of responses by a language model, or rewards by a reward model.
#include <algorithm>
#include <memory>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <CLI/CLI.hpp>

#include "alarm/base/nonfinite.hpp"
#include "alarm/model/response_scores.hpp"
#include "alarm/model/reward_head.hpp"
#include "alarm/reward/source.hpp"

#include "app/commands.hpp"
#include "app/line_model.hpp"

namespace alarm_dist {
namespace {

bool are_tokens(const nlohmann::ordered_json& ids, std::int64_t vocabulary) {
  return ids.is_array() && std::all_of(ids.begin(), ids.end(), [&](const auto& id) {
           return id.is_number_integer() && id.template get<std::int64_t>() >= 0 &&
                  id.template get<std::int64_t>() < vocabulary;
         });
}

bool is_encoding(const nlohmann::ordered_json& ids, const std::string& text,
                 const LoadedModel& loaded) {
  if (!are_tokens(ids, loaded.model->shape().vocabulary)) return false;
  return loaded.tokenizer->decode(ids.get<std::vector<std::int64_t>>()).text == text;
}

// Token ids from "<key>_tokens", else of the text.
std::vector<std::int64_t> tokens_of(const Line& line, const std::string& key,
                                    const std::string& text, const LoadedModel& loaded) {
  const auto found = line.record.find(key + "_tokens");
  if (found == line.record.end()) {
    // What `generate` wrote, its end included, where these tokens are still those of the text.
    const auto written = line.record.find("tokens");
    if (key == "response" && written != line.record.end() && is_encoding(*written, text, loaded)) {
      return written->get<std::vector<std::int64_t>>();
    }
    return loaded.tokenizer->encode(text).ids;
  }
  const auto vocabulary = loaded.model->shape().vocabulary;
  if (!are_tokens(*found, vocabulary)) {
    throw UsageError(
        fmt::format("{}: '{}_tokens' must be a list of token ids in [0, {}): the vocabulary",
                    line.source, key, vocabulary));
  }
  return found->get<std::vector<std::int64_t>>();
}

struct ScoreOptions {
  ModelOptions model;
  std::string reward_model;
  DecoderReading decoder;
  std::string granularity{};  // empty: an encoder's own, a decoder's response
  double temperature = 1;
  LineJob job;
};

struct TokenPair {
  std::vector<std::int64_t> prompt, response;
};

TokenPair read_tokens(const Line& line, LoadedModel& loaded) {
  const bool ids = line.record.contains("prompt_tokens");
  TokenPair pair{ids ? tokens_of(line, "prompt", "", loaded) : encode_prompt(line, loaded),
                 tokens_of(line, "response", text_field_or(line, "response", ""), loaded)};
  if (pair.prompt.empty())
    throw UsageError(fmt::format("{}: the prompt has no token", line.source));
  if (pair.response.empty())
    throw UsageError(fmt::format("{}: the response has no token", line.source));
  check_fits(line, pair.prompt, static_cast<std::int64_t>(pair.response.size()),
             loaded.model->shape().context);
  return pair;
}

void check_finite(const at::Tensor& logprobs_T, const std::string& source) {
  const at::Tensor bad_T = at::isfinite(logprobs_T).logical_not();
  if (!bad_T.any().item<bool>()) return;
  const auto token = bad_T.nonzero()[0].item<std::int64_t>();
  throw NonFiniteError(
      fmt::format("{}: token {} of the response: the model gives the log-probability {}", source,
                  token, logprobs_T[token].item<double>()));
}

void score_with_language_model(World& world, const ScoreOptions& options) {
  auto loaded = load_model(options.model, world);
  const at::NoGradGuard no_grad;
  const auto read = [&](const Line& line) { return read_tokens(line, loaded); };
  run_line_job(world, options.job, [&](LineBatch& batch) {
    const auto good = batch.read<TokenPair>(read);
    for (std::size_t i = 0; i < good.items.size(); ++i) {
      const auto& response = good.items[i].response;
      ResponseBatch rows;
      rows.add(good.items[i].prompt, {&response, 1});
      const auto scores = score_responses(*loaded.model, rows, options.temperature, loaded.adapter);
      const at::Tensor logprobs = scores.logprobs_T.to(at::kCPU, at::kDouble).contiguous();
      check_finite(logprobs, good.lines[i]->source);
      const std::span values(logprobs.const_data_ptr<double>(), response.size());
      auto& record = good.lines[i]->record;
      record["tokens"] = response;
      record["logprobs"] = std::vector<double>(values.begin(), values.end());
      record["logprob"] = logprobs.sum().item<double>();
    }
  });
}

struct RecordedResponse {
  Record record;
  std::string response;
};

RecordedResponse read_response(const Line& line) {
  RecordedResponse read{.record = {}, .response = text_field(line, "response")};
  read.record.id = read.record.source = line.source;
  read.record.question = text_field_or(line, "question", text_field_or(line, "prompt", ""));
  read.record.aspect = text_field_or(line, "aspect", "");
  read.record.document = text_field_or(line, "document", "");
  return read;
}

// Throws UsageError naming a field that the reward model shows and the line has not.
void check_fields(const Line& line, const RewardSource& source) {
  for (const auto& field : source.reads()) {
    const bool asked = field == "question" && line.record.contains("prompt");
    if (!asked) text_field(line, field);
  }
}

void add_reward(nlohmann::ordered_json& record, const ComponentTrace& trace,
                Granularity granularity) {
  if (granularity == Granularity::kResponse) {
    record["reward"] = trace.emissions.at(0).value;
    return;
  }
  auto& rewards = record["rewards"] = nlohmann::ordered_json::array();
  auto& spans = record["spans"] = nlohmann::ordered_json::array();
  for (const auto& emission : trace.emissions) {
    rewards.push_back(emission.value);
    spans.push_back({emission.span.begin, emission.span.end});
  }
}

std::unique_ptr<RewardSource> make_source(World& world, const ScoreOptions& options) {
  const auto device = device_of(options.model, world);
  const auto wanted =
      options.granularity.empty() ? Granularity::kResponse : parse_granularity(options.granularity);
  auto source = make_learned_source({.name = "reward",
                                     .model = options.reward_model,
                                     .granularity = wanted,
                                     .decoder = options.decoder,
                                     .date = options.model.date,
                                     .cache = options.model.cache,
                                     .dtype = parse_precision(options.model.precision, device),
                                     .device = device});
  if (!options.granularity.empty() && source->granularity() != wanted) {
    throw UsageError(fmt::format("--granularity {}: the model {} gives values by {}",
                                 options.granularity, options.reward_model,
                                 to_string(source->granularity())));
  }
  return source;
}

// What stands for the response's tokens: the whole text, since spans are what a reader of the
// output wants and token placement is the trainer's; for values by token, the reward model's own
// tokens.
std::vector<Span> offsets_of(const std::string& response, const Tokenizer* tokenizer) {
  if (tokenizer != nullptr) {
    auto offsets = tokenizer->encode(response).offsets;
    // Tokens that are bytes of one character stand for all of it: one value.
    offsets.erase(std::unique(offsets.begin(), offsets.end()), offsets.end());
    if (!offsets.empty()) return offsets;
  }
  return {{0, static_cast<std::int64_t>(response.size())}};
}

void score_with_reward_model(World& world, const ScoreOptions& options) {
  auto source = make_source(world, options);
  std::unique_ptr<Tokenizer> tokenizer;
  if (source->granularity() == Granularity::kToken)
    tokenizer = load_tokenizer(options.reward_model);
  const bool converses = is_decoder_folder(options.reward_model);
  const auto read = [&](const Line& line) {
    auto item = read_response(line);
    check_fields(line, *source);
    if (converses) item.record.messages = messages_of(line);
    return item;
  };
  run_line_job(world, options.job, [&](LineBatch& batch) {
    const auto good = batch.read<RecordedResponse>(read);
    std::vector<ScoredResponse> responses;
    for (const auto& item : good.items) {
      responses.push_back({.record = &item.record,
                           .sample_id = static_cast<std::uint32_t>(responses.size()),
                           .text = item.response,
                           .token_offsets = offsets_of(item.response, tokenizer.get())});
    }
    if (responses.empty()) return;
    const auto traces = source->score(responses);
    for (std::size_t i = 0; i < traces.size(); ++i) {
      Line& line = *good.lines[i];
      if (traces[i].failure.empty()) {
        add_reward(line.record, traces[i], source->granularity());
      } else {
        batch.reject(line, fmt::format("{}: {}", line.source, traces[i].failure));
      }
    }
  });
}

void score(Session& session, const ScoreOptions& options) {
  if (options.reward_model.empty() == options.model.model.empty()) {
    throw UsageError("score: give either --model (a language model) or --reward-model");
  }
  if (options.reward_model.empty()) return score_with_language_model(session.world(), options);
  score_with_reward_model(session.world(), options);
}

}  // namespace

void add_score(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ScoreOptions>();
  auto* command = app.add_subcommand("score", "Add log-probabilities of `response`, or its reward");
  add_model_options(*command, options->model);
  auto* language_model = command->get_option("--model");
  command->get_option("--adapter")->needs(language_model);
  auto* reward_model =
      command->add_option("--reward-model", options->reward_model, "Folder of a reward model")
          ->excludes(language_model);
  command
      ->add_option("--template", options->decoder.input,
                   "What a decoder with a score head reads: a text with {response} and any of "
                   "{prompt} {question} {aspect} {document}, or chat")
      ->needs(reward_model);
  command->add_option("--label", options->decoder.label, "Which output of its head")
      ->check(CLI::NonNegativeNumber)
      ->needs(reward_model);
  command
      ->add_option("--max-tokens", options->decoder.max_tokens, "It reads at most; 0: its context")
      ->check(CLI::NonNegativeNumber)
      ->needs(reward_model);
  command->add_option("--granularity", options->granularity, "It gives values by")
      ->check(CLI::IsMember({"response", "sentence", "sub_sentence", "token"}))
      ->needs(reward_model);
  command->add_option("--temperature", options->temperature)
      ->check(CLI::PositiveNumber)
      ->needs(language_model)
      ->capture_default_str();
  add_line_options(*command, options->job);
  command->callback([=, &chosen] { chosen = [=](Session& session) { score(session, *options); }; });
}

}  // namespace alarm_dist

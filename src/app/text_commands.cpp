// SPDX-License-Identifier: Apache-2.0
// tokenize, generate, score: the user's way to tokenizers and models, on JSON lines.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include <ATen/core/grad_mode.h>
#include <CLI/CLI.hpp>

#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/model/generator.hpp"
#include "alarm/model/response_scores.hpp"
#include "alarm/reward/source.hpp"
#include "alarm/text/chat.hpp"
#include "alarm/text/tokenizer.hpp"
#include "alarm/train/config.hpp"

#include "app/commands.hpp"
#include "app/line_job.hpp"

namespace alarm_dist {
namespace {

struct ModelOptions {
  std::string model;
  std::string precision = "auto";
  std::string device = "cpu";
  std::string cache = PathsConfig().cache;
};

void add_model_options(CLI::App& command, ModelOptions& options) {
  command.add_option("--model", options.model, "Hugging Face directory or .gguf file");
  command.add_option("--precision", options.precision, "auto, float32, bfloat16 or float64")
      ->capture_default_str();
  command.add_option("--device", options.device, "cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}));
  command.add_option("--cache", options.cache, "Folder of converted weights")
      ->capture_default_str();
}

struct LoadedModel {
  std::unique_ptr<CausalLm> model;
  std::unique_ptr<Tokenizer> tokenizer;
  std::filesystem::path dir;
  std::optional<ChatTemplate> chat = {};  // read when the first conversation comes
};

c10::Device device_of(const ModelOptions& options, const World& world) {
  if (options.device == "cpu") return c10::kCPU;
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(world.local_rank()));
}

LoadedModel load(const ModelOptions& options, const World& world) {
  const auto device = device_of(options, world);
  const auto dtype = parse_precision(options.precision, device);
  const auto dir = resolve_model(options.model, dtype, options.cache);
  LoadedModel loaded{CausalLm::load(dir, {.dtype = dtype, .device = device, .lora = false}),
                     load_tokenizer(dir), dir};
  check_tokenizer_fits(loaded.model->shape(), loaded.tokenizer->id_limit(), dir.string());
  return loaded;
}

// "prompt" as it is, or "messages" (with "tools" and "documents", if there are) through the model's
// chat template.
std::string prompt_of(const Line& line, LoadedModel& loaded) {
  const auto found = line.record.find("messages");
  if (found == line.record.end()) return text_field(line, "prompt");
  const auto has_text = [](const auto& message, const char* key) {
    return message.contains(key) && message.at(key).is_string();
  };
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
  nlohmann::ordered_json variables = {{"messages", *found}, {"add_generation_prompt", true}};
  for (const char* key : {"tools", "documents"}) {
    if (line.record.contains(key)) variables[key] = line.record.at(key);
  }
  if (!loaded.chat) {
    loaded.chat = ChatTemplate::load(loaded.dir);
    log::root_info("chat template: {}", loaded.chat->origin());
  }
  try {
    return loaded.chat->render(variables);
  } catch (const Error& error) {
    throw UsageError(fmt::format("{}: {}", line.source, error.what()));
  }
}

// A plain prompt with the tokens that the tokenizer adds; a chat template writes them itself.
std::vector<std::int64_t> encode_prompt(const Line& line, LoadedModel& loaded) {
  const bool plain = !line.record.contains("messages");
  return loaded.tokenizer->encode(prompt_of(line, loaded), {.special_tokens = plain}).ids;
}

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

void check_fits(const Line& line, const std::vector<std::int64_t>& prompt, std::int64_t new_tokens,
                std::int64_t context) {
  const auto tokens = static_cast<std::int64_t>(prompt.size());
  if (tokens + new_tokens <= context) return;
  throw UsageError(fmt::format(
      "{}: the prompt has {} tokens; with {} new ones it does not fit the model's context of {}",
      line.source, tokens, new_tokens, context));
}

struct TokenizeOptions {
  std::string tokenizer;
  LineJob job;
};

void tokenize(Session& session, const TokenizeOptions& options) {
  const auto tokenizer = load_tokenizer(options.tokenizer);
  run_line_job(session.world(), options.job, [&](LineBatch& batch) {
    const auto good =
        batch.read<std::string>([](const Line& line) { return text_field(line, "text"); });
    for (std::size_t i = 0; i < good.items.size(); ++i) {
      auto& record = good.lines[i]->record;
      const auto encoding = tokenizer->encode(good.items[i]);
      record["tokens"] = encoding.ids;
      auto& offsets = record["offsets"] = nlohmann::ordered_json::array();
      for (const auto& span : encoding.offsets) offsets.push_back({span.begin, span.end});
    }
  });
}

struct GenerateOptions {
  ModelOptions model;
  LineJob job;
  SamplingConfig sampling;
  std::uint64_t seed = 0;
};

void generate_lines(Session& session, const GenerateOptions& options) {
  World& world = session.world();
  auto loaded = load(options.model, world);
  const auto read_request = [&](const Line& line) -> GenerationRequest {
    auto prompt = encode_prompt(line, loaded);
    check_fits(line, prompt, options.sampling.max_new_tokens, loaded.model->shape().context);
    return {.prompt = std::move(prompt), .sample_id = static_cast<std::uint32_t>(line.number)};
  };
  run_line_job(world, options.job, [&](LineBatch& batch) {
    const auto good = batch.read<GenerationRequest>(read_request);
    const auto generations = generate(*loaded.model, good.items, options.sampling,
                                      {.seed = options.seed}, Adapter::kOff);
    for (std::size_t i = 0; i < generations.size(); ++i) {
      auto& record = good.lines[i]->record;
      record["response"] = loaded.tokenizer->decode(generations[i].tokens).text;
      record["tokens"] = generations[i].tokens;
      record["logprobs"] = generations[i].policy_logprobs;
      record["finish_reason"] = to_string(generations[i].finish);
    }
  });
}

struct ScoreOptions {
  ModelOptions model;
  std::string reward_model;
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

void score_with_language_model(World& world, const ScoreOptions& options) {
  auto loaded = load(options.model, world);
  const at::NoGradGuard no_grad;
  const auto read = [&](const Line& line) { return read_tokens(line, loaded); };
  run_line_job(world, options.job, [&](LineBatch& batch) {
    const auto good = batch.read<TokenPair>(read);
    for (std::size_t i = 0; i < good.items.size(); ++i) {
      const auto& response = good.items[i].response;
      ResponseBatch rows;
      rows.add(good.items[i].prompt, {&response, 1});
      const auto scores = score_responses(*loaded.model, rows, options.temperature, Adapter::kOff);
      const at::Tensor logprobs = scores.logprobs_T.to(at::kCPU, at::kDouble).contiguous();
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

void score_with_reward_model(World& world, const ScoreOptions& options) {
  const auto device = device_of(options.model, world);
  auto source = make_learned_source({.name = "reward",
                                     .model = options.reward_model,
                                     .dtype = parse_precision(options.model.precision, device),
                                     .device = device});
  run_line_job(world, options.job, [&](LineBatch& batch) {
    const auto good = batch.read<RecordedResponse>(read_response);
    std::vector<ScoredResponse> responses;
    for (const auto& item : good.items) {
      // One token that spans the text: spans are what a reader of the output wants, token placement
      // is the trainer's.
      responses.push_back(
          {.record = &item.record,
           .sample_id = static_cast<std::uint32_t>(responses.size()),
           .text = item.response,
           .token_offsets = {{0, static_cast<std::int64_t>(item.response.size())}}});
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

void add_tokenize(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<TokenizeOptions>();
  auto* command = app.add_subcommand("tokenize", "Add `tokens` and `offsets` (bytes) of `text`");
  command
      ->add_option("--tokenizer", options->tokenizer,
                   "tokenizer.json, a SentencePiece model, or the folder that holds one")
      ->required();
  add_line_options(*command, options->job);
  command->callback(
      [=, &chosen] { chosen = [=](Session& session) { tokenize(session, *options); }; });
}

void add_generate(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<GenerateOptions>();
  auto* command =
      app.add_subcommand("generate", "Add a sampled `response` to `prompt` or `messages`");
  add_model_options(*command, options->model);
  command->get_option("--model")->required();
  add_line_options(*command, options->job);
  command->add_option("--max-new-tokens", options->sampling.max_new_tokens)
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--temperature", options->sampling.temperature, "0: greedy")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--top-k", options->sampling.top_k, "0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--top-p", options->sampling.top_p)
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--seed", options->seed)->capture_default_str();
  command->callback(
      [=, &chosen] { chosen = [=](Session& session) { generate_lines(session, *options); }; });
}

void add_score(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ScoreOptions>();
  auto* command = app.add_subcommand("score", "Add log-probabilities of `response`, or its reward");
  add_model_options(*command, options->model);
  command->add_option("--reward-model", options->reward_model, "Folder of a reward model");
  command->add_option("--temperature", options->temperature)
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_line_options(*command, options->job);
  command->callback([=, &chosen] { chosen = [=](Session& session) { score(session, *options); }; });
}

}  // namespace alarm_dist

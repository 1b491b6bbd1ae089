// SPDX-License-Identifier: Apache-2.0
// tokenize, generate: the user's way to tokenizers and models, on JSON lines.
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "alarm/base/error.hpp"
#include "alarm/model/generator.hpp"
#include "alarm/text/tokenizer.hpp"

#include "app/commands.hpp"
#include "app/line_model.hpp"

namespace alarm_dist {
namespace {

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
  std::vector<std::string> bad_words;
  std::uint64_t seed = 0;
};

// Each as the tokenizer reads it where nothing stands before.
std::vector<std::vector<std::int64_t>> tokens_of_words(const std::vector<std::string>& words,
                                                       const Tokenizer& tokenizer) {
  std::vector<std::vector<std::int64_t>> all;
  for (const auto& word : words) {
    all.push_back(tokenizer.encode(word).ids);
    if (all.back().empty()) throw UsageError(fmt::format("--bad-word '{}': it has no token", word));
  }
  return all;
}

// Samples are numbered as their lines are.
[[noreturn]] void name_line(const std::vector<Line*>& lines, const NonFiniteGeneration& error) {
  for (const auto* line : lines) {
    if (line->number == error.request().sample_id)
      throw NonFiniteError(fmt::format("{}: {}", line->source, error.what()));
  }
  throw error;
}

std::vector<Generation> answer_lines(const LoadedModel& loaded,
                                     const LineBatch::Read<GenerationRequest>& good,
                                     const SamplingConfig& sampling, std::uint64_t seed) {
  try {
    return generate(*loaded.model, good.items, sampling, {.seed = seed}, Adapter::kOff);
  } catch (const NonFiniteGeneration& error) {
    name_line(good.lines, error);
  }
}

void generate_lines(Session& session, const GenerateOptions& options) {
  World& world = session.world();
  auto loaded = load_model(options.model, world);
  SamplingConfig sampling = options.sampling;
  sampling.bad_words = tokens_of_words(options.bad_words, *loaded.tokenizer);
  const auto read_request = [&](const Line& line) -> GenerationRequest {
    auto prompt = encode_prompt(line, loaded);
    check_fits(line, prompt, sampling.max_new_tokens, loaded.model->shape().context);
    return {.prompt = std::move(prompt), .sample_id = static_cast<std::uint32_t>(line.number)};
  };
  run_line_job(world, options.job, [&](LineBatch& batch) {
    const auto good = batch.read<GenerationRequest>(read_request);
    const auto generations = answer_lines(loaded, good, sampling, options.seed);
    for (std::size_t i = 0; i < generations.size(); ++i) {
      auto& record = good.lines[i]->record;
      record["response"] = loaded.tokenizer->decode(generations[i].tokens).text;
      record["tokens"] = generations[i].tokens;
      record["logprobs"] = generations[i].policy_logprobs;
      record["finish_reason"] = to_string(generations[i].finish);
    }
  });
}

void add_sampling_options(CLI::App& command, SamplingConfig& sampling) {
  command.add_option("--max-new-tokens", sampling.max_new_tokens)
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--temperature", sampling.temperature, "0: greedy")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--top-k", sampling.top_k, "0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--top-p", sampling.top_p)->check(CLI::Range(0.0, 1.0))->capture_default_str();
  command
      .add_option("--min-p", sampling.min_p, "Cut tokens less likely than this times the likeliest")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      .add_option(
          "--repetition-penalty", sampling.repetition_penalty,
          "Of tokens of the prompt (an encoder-decoder: of none) and the response so far; 1: none")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      .add_option("--min-new-tokens", sampling.min_new_tokens,
                  "No response ends before it has so many")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
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
  add_sampling_options(*command, options->sampling);
  command
      ->add_option("--bad-word", options->bad_words,
                   "Never completed, as its tokens: ' word', with the space, for one inside a "
                   "sentence; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--seed", options->seed)->capture_default_str();
  command->callback(
      [=, &chosen] { chosen = [=](Session& session) { generate_lines(session, *options); }; });
}

}  // namespace alarm_dist

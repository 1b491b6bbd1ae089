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
  std::string tokenizer, cut = "right";
  EncodeOptions encode;
  LineJob job;
};

Encoding encode_line(const Line& line, const Tokenizer& tokenizer, const EncodeOptions& options) {
  const auto text = text_field(line, "text");
  try {
    return tokenizer.encode(text, options);
  } catch (const Error& error) {
    throw UsageError(fmt::format("{}: {}", line.source, error.what()));
  }
}

void tokenize(Session& session, const TokenizeOptions& options) {
  const auto tokenizer = load_tokenizer(options.tokenizer);
  EncodeOptions how = options.encode;
  how.cut = options.cut == "left" ? Side::kLeft : Side::kRight;
  const auto read = [&](const Line& line) { return encode_line(line, *tokenizer, how); };
  run_line_job(session.world(), options.job, [&](LineBatch& batch) {
    const auto good = batch.read<Encoding>(read);
    for (std::size_t i = 0; i < good.items.size(); ++i) {
      auto& record = good.lines[i]->record;
      const Encoding& encoding = good.items[i];
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
  bool stream = false;
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
    return generate(*loaded.model, good.items, sampling, {.seed = seed}, loaded.adapter);
  } catch (const NonFiniteGeneration& error) {
    name_line(good.lines, error);
  }
}

// The text of an answer while it is made, whole characters at a time, and the end of its line.
class AnswerStream {
 public:
  explicit AnswerStream(const Tokenizer& tokenizer) : text_(tokenizer.decode_stream()) {}

  void put(std::int64_t token) {
    const auto characters = text_->push(token);
    if (!characters.empty()) put_on_standard_output(characters);
  }
  void end() { put_on_standard_output(text_->finish() + "\n"); }

 private:
  std::unique_ptr<DecodeStream> text_;
};

// One answer after the other, on standard output; lines go to a file or nowhere.
LineJob job_of(const GenerateOptions& options, const World& world) {
  LineJob job = options.job;
  if (!options.stream) return job;
  if (world.size() > 1) {
    throw UsageError(fmt::format(
        "--stream: the answers of {} ranks would be mixed up: expected one process", world.size()));
  }
  job.batch = 1;
  if (job.out == "-") job.out.clear();
  return job;
}

void generate_lines(Session& session, const GenerateOptions& options) {
  World& world = session.world();
  const LineJob job = job_of(options, world);
  auto loaded = load_model(options.model, world);
  SamplingConfig sampling = options.sampling;
  sampling.bad_words = tokens_of_words(options.bad_words, *loaded.tokenizer);
  const auto read_request = [&](const Line& line) -> GenerationRequest {
    auto prompt = encode_prompt(line, loaded);
    check_fits(line, prompt, sampling.max_new_tokens, loaded.model->shape().context);
    return {.prompt = std::move(prompt), .sample_id = static_cast<std::uint32_t>(line.number)};
  };
  run_line_job(world, job, [&](LineBatch& batch) {
    auto good = batch.read<GenerationRequest>(read_request);
    AnswerStream stream(*loaded.tokenizer);
    for (auto& request : good.items) {  // one, where answers are streamed
      if (options.stream) request.on_token = [&](std::int64_t token) { stream.put(token); };
    }
    const auto generations = answer_lines(loaded, good, sampling, options.seed);
    if (options.stream && !generations.empty()) stream.end();
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
  command->add_flag("--special-tokens", options->encode.special_tokens,
                    "And those that the tokenizer adds to a text: [CLS], [SEP], </s>...");
  command
      ->add_option("--max-tokens", options->encode.max_tokens,
                   "Cut longer texts to so many, --special-tokens included; 0: none. The "
                   "truncation that the tokenizer's file asks for is left aside")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--cut", options->cut, "Which end of a longer text is given up")
      ->check(CLI::IsMember({"right", "left"}))
      ->capture_default_str();
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
  command->add_flag("--stream", options->stream,
                    "Write the text of each answer to standard output while it is made, one after "
                    "the other; the JSON lines only to a file that --out names");
  command->callback(
      [=, &chosen] { chosen = [=](Session& session) { generate_lines(session, *options); }; });
}

}  // namespace alarm_dist

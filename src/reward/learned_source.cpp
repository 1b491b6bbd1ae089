// SPDX-License-Identifier: Apache-2.0
// Rewards from a trained encoder: a sequence for each response, or for each of its sentences.
#include "reward/learned_source.hpp"

#include <cmath>
#include <utility>

#include "alarm/base/error.hpp"
#include "alarm/model/encoder.hpp"
#include "alarm/model/reward_head.hpp"
#include "alarm/reward/model_card.hpp"
#include "alarm/reward/source.hpp"
#include "alarm/reward/training.hpp"
#include "alarm/text/sentences.hpp"

#include "reward/decoder_source.hpp"

namespace alarm_dist {
namespace {

// Where the score of a sequence goes.
struct Target {
  std::size_t response = 0;
  Emission emission{};
};

class LearnedSource final : public RewardSource {
 public:
  explicit LearnedSource(LearnedSourceParts parts) : parts_(std::move(parts)) {
    const InputTemplate& input = parts_.card.input;
    ALARM_CHECK(input.max_tokens <= parts_.model->max_positions(),
                "reward model '{}': the template allows {} tokens, the encoder has {} positions",
                parts_.card.name, input.max_tokens, parts_.model->max_positions());
  }

  const std::string& name() const override { return parts_.card.name; }
  Granularity granularity() const override { return parts_.card.granularity; }

  std::vector<ComponentTrace> score(std::span<const ScoredResponse> responses) override {
    std::vector<ComponentTrace> traces(responses.size());
    std::vector<EncoderInput> inputs;
    std::vector<Target> targets;
    for (std::size_t r = 0; r < responses.size(); ++r) {
      traces[r].name = parts_.card.name;
      const std::size_t before = inputs.size();
      try {
        add_sequences(responses[r], r, inputs, targets);
      } catch (const Error& error) {
        traces[r].failure = error.what();
        inputs.resize(before);
        targets.resize(before);
      }
    }
    place(score_inputs(*parts_.model, inputs, parts_.micro_tokens), targets, traces);
    return traces;
  }

 private:
  void add_sequences(const ScoredResponse& response, std::size_t index,
                     std::vector<EncoderInput>& inputs, std::vector<Target>& targets) const {
    ALARM_CHECK(response.record != nullptr, "sample {} came without its record",
                response.sample_id);
    ALARM_CHECK(!response.token_offsets.empty(), "sample {} has no tokens", response.sample_id);
    if (parts_.card.granularity == Granularity::kResponse) {
      const Span whole{0, static_cast<std::int64_t>(response.text.size())};
      const auto last = static_cast<std::int64_t>(response.token_offsets.size()) - 1;
      inputs.push_back(build_input(*parts_.tokenizer, parts_.card.input, *response.record,
                                   {.response = response.text}));
      targets.push_back({.response = index, .emission = {.token = last, .span = whole}});
      return;
    }
    const std::vector<Span> sentences = parts_.card.granularity == Granularity::kSubSentence
                                            ? split_sub_sentences(response.text)
                                            : split_sentences(response.text);
    const std::vector<std::int64_t> ends = end_tokens(sentences, response.token_offsets);
    for (std::size_t s = 0; s < sentences.size(); ++s) {
      if (ends[s] < 0) continue;
      const auto begin = static_cast<std::size_t>(sentences[s].begin);
      const std::string_view sentence =
          std::string_view(response.text)
              .substr(begin, static_cast<std::size_t>(sentences[s].end) - begin);
      inputs.push_back(build_input(*parts_.tokenizer, parts_.card.input, *response.record,
                                   {.response = response.text, .sentence = sentence}));
      targets.push_back({.response = index, .emission = {.token = ends[s], .span = sentences[s]}});
    }
  }

  static void place(const std::vector<double>& scores, const std::vector<Target>& targets,
                    std::vector<ComponentTrace>& traces) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
      ComponentTrace& trace = traces[targets[i].response];
      if (!trace.failure.empty()) continue;
      if (!std::isfinite(scores[i])) {
        trace.failure = fmt::format("the model's score is {}", scores[i]);
        trace.emissions.clear();
        continue;
      }
      trace.emissions.push_back(targets[i].emission);
      trace.emissions.back().value = scores[i];
    }
  }

  LearnedSourceParts parts_;
};

}  // namespace

std::unique_ptr<RewardSource> make_learned_source(LearnedSourceParts parts) {
  return std::make_unique<LearnedSource>(std::move(parts));
}

bool is_reward_model(const std::filesystem::path& dir) {
  return std::filesystem::exists(dir / kRewardModelCard) || is_decoder_folder(dir);
}

std::unique_ptr<RewardSource> make_learned_source(const LearnedSourceOptions& options) {
  if (is_decoder_folder(options.model)) return make_decoder_source(options);
  const DecoderReading& decoder = options.decoder;
  if (!decoder.input.empty() || decoder.max_tokens > 0 || decoder.label >= 0) {
    throw UsageError(
        fmt::format("{}: `template`, `max_tokens` and `label` are for decoders with a "
                    "score head; an encoder's {} says what it reads",
                    options.model.string(), kRewardModelCard));
  }
  LearnedSourceParts parts{.card = load_reward_model_card(options.model),
                           .tokenizer = load_tokenizer(options.model),
                           .model = EncoderModel::load(
                               options.model, {.dtype = options.dtype, .device = options.device}),
                           .micro_tokens = options.micro_tokens};
  if (!options.name.empty()) parts.card.name = options.name;
  return make_learned_source(std::move(parts));
}

}  // namespace alarm_dist

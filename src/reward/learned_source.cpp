// SPDX-License-Identifier: Apache-2.0
// Rewards from a trained encoder: a sequence for each response, or for each of its sentences, or
// for all of its sentences, read at each.
#include "reward/learned_source.hpp"

#include <cmath>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/base/error.hpp"
#include "alarm/model/encoder.hpp"
#include "alarm/model/reward_head.hpp"
#include "alarm/reward/model_card.hpp"
#include "alarm/reward/source.hpp"
#include "alarm/reward/training.hpp"
#include "alarm/text/sentences.hpp"

#include "reward/decoder_source.hpp"
#include "reward/nonfinite_score.hpp"

namespace alarm_dist {
namespace {

// Where a score goes, and where it comes from: a row of what the model gives for an input.
struct Target {
  std::size_t response = 0;
  Emission emission{};
  std::size_t input = 0;
  std::int64_t row = 0;
};

// Throws Error when the card asks for what the model's head is not.
void check_head(const RewardModelCard& card, const EncoderHead& head) {
  const bool by_token = head.kind == EncoderHead::Kind::kTokens;
  ALARM_CHECK(!head.drawn, "reward model '{}': its folder holds a trunk without a head", card.name);
  ALARM_CHECK(marks_sentences(card.input) == by_token,
              "reward model '{}': {{sentences}} in the template goes with a head that classifies "
              "tokens, the encoder's classifies {}",
              card.name, by_token ? "tokens" : "sequences");
  ALARM_CHECK(
      !card.labels.empty() || head.labels == 1,
      "reward model '{}': its head has {} labels, reward_model.json's 'labels' must say what "
      "they are worth",
      card.name, head.labels);
  std::set<std::int64_t> distinct;
  for (const auto& entry : card.labels) distinct.insert(entry.label);
  ALARM_CHECK(card.labels.empty() || (distinct.size() > 1 && distinct.size() == card.labels.size()),
              "reward model '{}': reward_model.json's 'labels' are {} with {} different ones; "
              "expected two or more, each once",
              card.name, card.labels.size(), distinct.size());
  for (const auto& [label, value] : card.labels) {
    ALARM_CHECK(label >= 0 && label < head.labels,
                "reward model '{}': reward_model.json's 'labels' have {}, the head's are 0..{}",
                card.name, label, head.labels - 1);
  }
}

double read_labels(const at::Tensor& logits_L, const std::vector<LabelValue>& labels) {
  const auto* logits = logits_L.const_data_ptr<double>();
  if (labels.empty()) return logits[0];
  const auto* best = &labels.front();
  for (const LabelValue& label : labels) {
    if (!std::isfinite(logits[label.label])) return logits[label.label];
    if (logits[label.label] > logits[best->label]) best = &label;
  }
  return best->value;
}

class LearnedSource final : public RewardSource {
 public:
  explicit LearnedSource(LearnedSourceParts parts) : parts_(std::move(parts)) {
    check_encoder_fits(parts_.card.name, parts_.card.input, *parts_.tokenizer, *parts_.model);
    check_head(parts_.card, parts_.model->head());
  }

  const std::string& name() const override { return parts_.card.name; }
  std::vector<std::string> reads() const override { return alarm_dist::reads(parts_.card.input); }
  Granularity granularity() const override { return parts_.card.granularity; }

  std::vector<ComponentTrace> score(std::span<const ScoredResponse> responses) override {
    std::vector<ComponentTrace> traces(responses.size());
    std::vector<EncoderInput> inputs;
    std::vector<Target> targets;
    for (std::size_t r = 0; r < responses.size(); ++r) {
      traces[r].name = parts_.card.name;
      const std::size_t inputs_before = inputs.size(), targets_before = targets.size();
      try {
        add_sequences(responses[r], r, inputs, targets);
      } catch (const Error& error) {
        traces[r].failure = error.what();
        inputs.resize(inputs_before);
        targets.resize(targets_before);
      }
    }
    place(score_targets(inputs, targets), targets, traces);
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
      targets.push_back(
          {.response = index, .emission = {.token = last, .span = whole}, .input = inputs.size()});
      inputs.push_back(build_input(*parts_.tokenizer, parts_.card.input, *response.record,
                                   {.response = response.text}));
      return;
    }
    const std::size_t before = targets.size();
    std::vector<std::string_view> sentences;
    for (const auto& [token, span] : sentence_ends(response)) {
      const auto begin = static_cast<std::size_t>(span.begin);
      sentences.push_back(std::string_view(response.text)
                              .substr(begin, static_cast<std::size_t>(span.end) - begin));
      targets.push_back({.response = index, .emission = {.token = token, .span = span}});
    }
    const std::span<Target> added = std::span(targets).subspan(before);
    if (marks_sentences(parts_.card.input))
      add_marked(response, sentences, inputs, added);
    else
      add_each(response, sentences, inputs, added);
  }

  // The token that ends each sentence that has one, and the sentence.
  std::vector<std::pair<std::int64_t, Span>> sentence_ends(const ScoredResponse& response) const {
    const std::vector<Span> spans = parts_.card.granularity == Granularity::kSubSentence
                                        ? split_sub_sentences(response.text)
                                        : split_sentences(response.text);
    const std::vector<std::int64_t> ends = end_tokens(spans, response.token_offsets);
    std::vector<std::pair<std::int64_t, Span>> found;
    for (std::size_t s = 0; s < spans.size(); ++s) {
      if (ends[s] >= 0) found.emplace_back(ends[s], spans[s]);
    }
    return found;
  }

  void add_each(const ScoredResponse& response, std::span<const std::string_view> sentences,
                std::vector<EncoderInput>& inputs, std::span<Target> targets) const {
    for (std::size_t s = 0; s < sentences.size(); ++s) {
      targets[s].input = inputs.size();
      inputs.push_back(build_input(*parts_.tokenizer, parts_.card.input, *response.record,
                                   {.response = response.text, .sentence = sentences[s]}));
    }
  }

  void add_marked(const ScoredResponse& response, std::span<const std::string_view> sentences,
                  std::vector<EncoderInput>& inputs, std::span<Target> targets) const {
    if (sentences.empty()) return;
    auto marked = build_marked_input(*parts_.tokenizer, parts_.card.input, *response.record,
                                     {.response = response.text, .sentences = sentences});
    for (std::size_t s = 0; s < sentences.size(); ++s) {
      targets[s].input = inputs.size();
      targets[s].row = marked.marks[s];
    }
    inputs.push_back(std::move(marked.input));
  }

  std::vector<double> score_targets(std::span<const EncoderInput> inputs,
                                    const std::vector<Target>& targets) const {
    const auto logits = classify_inputs(*parts_.model, inputs, parts_.micro_tokens);
    std::vector<double> scores;
    for (const Target& target : targets)
      scores.push_back(read_labels(logits[target.input].select(0, target.row), parts_.card.labels));
    return scores;
  }

  static void place(const std::vector<double>& scores, const std::vector<Target>& targets,
                    std::vector<ComponentTrace>& traces) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
      ComponentTrace& trace = traces[targets[i].response];
      if (!trace.failure.empty() || fails_by(scores[i], trace)) continue;
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

// SPDX-License-Identifier: Apache-2.0
#include "reward/decoder_source.hpp"

#include <utility>

#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/reward/model_card.hpp"
#include "alarm/text/sentences.hpp"
#include "alarm/text/tokenizer.hpp"

#include "reward/decoder_card.hpp"
#include "reward/decoder_input.hpp"
#include "reward/decoder_scores.hpp"
#include "reward/nonfinite_score.hpp"

namespace alarm_dist {
namespace {

constexpr const char* kChat = "chat";

struct Parts {
  std::string name;
  Granularity granularity;
  DecoderTemplate input;
  std::unique_ptr<Tokenizer> tokenizer;
  DecoderScorer scorer;
  std::int64_t max_tokens;
  std::int64_t micro_tokens;
};

std::vector<Span> spans_of(Granularity granularity, const std::string& text,
                           const std::vector<Span>& token_offsets) {
  if (granularity == Granularity::kSentence) return split_sentences(text);
  if (granularity == Granularity::kSubSentence) return split_sub_sentences(text);
  return token_offsets;
}

class DecoderSource final : public RewardSource {
 public:
  explicit DecoderSource(Parts parts) : parts_(std::move(parts)) {}

  const std::string& name() const override { return parts_.name; }
  std::vector<std::string> reads() const override { return parts_.input.reads(); }
  Granularity granularity() const override { return parts_.granularity; }

  std::vector<ComponentTrace> score(std::span<const ScoredResponse> responses) override {
    std::vector<ComponentTrace> traces(responses.size());
    std::vector<Reading> readings(responses.size());
    std::int64_t group = 0;
    for (std::size_t r = 0; r < responses.size(); ++r) {
      traces[r].name = parts_.name;
      if (r > 0 && responses[r].record != responses[r - 1].record) ++group;
      try {
        readings[r] = read(responses[r], traces[r]);
        readings[r].group = group;
      } catch (const Error& error) {
        traces[r].failure = error.what();
      }
    }
    place(readings, traces);
    return traces;
  }

 private:
  // What is to be read of a response; the trace gets its emissions, without values.
  Reading read(const ScoredResponse& response, ComponentTrace& trace) const {
    ALARM_CHECK(response.record != nullptr, "sample {} came without its record",
                response.sample_id);
    ALARM_CHECK(!response.token_offsets.empty(), "sample {} has no tokens", response.sample_id);
    DecoderInput input =
        parts_.input.build(*parts_.tokenizer, *response.record, response.text, parts_.max_tokens);
    Reading reading{.tokens = std::move(input.tokens)};
    if (parts_.granularity == Granularity::kResponse) {
      reading.places = {parts_.scorer.read_place(reading.tokens)};
      trace.emissions = {{.token = static_cast<std::int64_t>(response.token_offsets.size()) - 1,
                          .span = {0, static_cast<std::int64_t>(response.text.size())}}};
      return reading;
    }
    ALARM_CHECK(!input.ranges.empty() || response.text.empty(),
                "the reward model's chat template changes what the assistant says, so that values "
                "by {} have no place",
                to_string(parts_.granularity));
    const auto spans = spans_of(parts_.granularity, response.text, response.token_offsets);
    const auto tokens = end_tokens(spans, response.token_offsets);
    for (std::size_t s = 0; s < spans.size(); ++s) {
      const auto read_at = token_at(input.ranges, spans[s].end - 1);
      if (spans[s].begin == spans[s].end || tokens[s] < 0 || !read_at) continue;
      reading.places.push_back(*read_at);
      trace.emissions.push_back({.token = tokens[s], .span = spans[s]});
    }
    return reading;
  }

  // Values for the emissions. Responses that failed are left out of the batches.
  void place(const std::vector<Reading>& readings, std::vector<ComponentTrace>& traces) const {
    std::vector<Reading> sound;
    std::vector<ComponentTrace*> scored;
    for (std::size_t r = 0; r < readings.size(); ++r) {
      if (readings[r].places.empty()) continue;
      sound.push_back(readings[r]);
      scored.push_back(&traces[r]);
    }
    const auto scores = parts_.scorer.score(sound, parts_.micro_tokens);
    for (std::size_t i = 0; i < scored.size(); ++i) {
      for (std::size_t e = 0; e < scores[i].size(); ++e) {
        scored[i]->emissions[e].value = scores[i][e];
        if (fails_by(scores[i][e], *scored[i])) break;
      }
    }
  }

  Parts parts_;
};

DecoderTemplate make_template(const std::filesystem::path& dir, const std::string& input,
                              const std::string& date) {
  if (input.empty()) {
    throw UsageError(
        fmt::format("{}: what does this decoder read to score a response? expected `template`: "
                    "chat, or a text with {{prompt}} and {{response}}, in the config or in its {}",
                    dir.string(), kRewardModelCard));
  }
  if (input != kChat) return DecoderTemplate::text(input);
  auto chat = ChatTemplate::load(dir);
  if (chat.is_guess()) {
    throw UsageError(
        fmt::format("{}: `template` is chat, but neither chat_template.jinja nor "
                    "tokenizer_config.json in this folder has a chat template; expected one, or a "
                    "`template` that is a text with {{prompt}} and {{response}}",
                    dir.string()));
  }
  log::root_info("reward model {}: chat template: {}", dir.string(), chat.origin());
  if (!date.empty()) chat.set_time(noon_of(date));
  return DecoderTemplate::conversation(std::move(chat));
}

std::int64_t sequence_limit(const std::filesystem::path& dir, std::int64_t wanted,
                            std::int64_t context) {
  if (wanted > context) {
    throw UsageError(fmt::format("{}: max_tokens is {}, but the model's context is {}",
                                 dir.string(), wanted, context));
  }
  return wanted == 0 ? context : wanted;
}

}  // namespace

std::unique_ptr<RewardSource> make_decoder_source(const LearnedSourceOptions& options) {
  const auto reading = complete_reading(options.decoder, options.model);
  auto input = make_template(options.model, reading.input, options.date);
  auto tokenizer = load_tokenizer(options.model);
  auto scorer = DecoderScorer::load(
      options.model,
      {.dtype = options.dtype, .device = options.device, .trained = Trained::kNothing},
      options.cache, reading.label);
  check_tokenizer_fits(scorer.shape(), tokenizer->id_limit(), options.model.string());
  const auto limit = sequence_limit(options.model, reading.max_tokens, scorer.shape().context);
  return std::make_unique<DecoderSource>(
      Parts{.name = options.name.empty() ? options.model.filename().string() : options.name,
            .granularity = options.granularity,
            .input = std::move(input),
            .tokenizer = std::move(tokenizer),
            .scorer = std::move(scorer),
            .max_tokens = limit,
            .micro_tokens = options.micro_tokens});
}

}  // namespace alarm_dist

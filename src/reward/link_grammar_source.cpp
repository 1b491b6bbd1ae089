// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/error.hpp"
#include "alarm/reward/source.hpp"
#include "alarm/text/sentences.hpp"

#include "reward/link_grammar_parser.hpp"

namespace alarm_dist {
namespace {

bool overlap(const Span& a, const Span& b) { return a.begin < b.end && b.begin < a.end; }

class LinkGrammarSource final : public RewardSource {
 public:
  explicit LinkGrammarSource(const LinkGrammarOptions& options)
      : options_(options), parser_(options.dictionary) {}

  const std::string& name() const override { return options_.name; }
  Granularity granularity() const override { return options_.granularity; }

  std::vector<ComponentTrace> score(std::span<const ScoredResponse> responses) override {
    std::vector<ComponentTrace> traces;
    traces.reserve(responses.size());
    for (const ScoredResponse& response : responses) {
      ComponentTrace trace{.name = options_.name};
      try {
        judge(response, trace);
      } catch (const Error& error) {
        trace = {.name = options_.name, .failure = error.what()};
      }
      traces.push_back(std::move(trace));
    }
    return traces;
  }

 private:
  void judge(const ScoredResponse& response, ComponentTrace& trace) const {
    const std::vector<Span> sentences = split_sentences(response.text);
    const std::vector<std::int64_t> ends = end_tokens(sentences, response.token_offsets);
    for (std::size_t s = 0; s < sentences.size(); ++s) {
      const double share = judge_sentence(response.text, sentences[s], trace.marks);
      if (options_.granularity == Granularity::kSentence && share >= 0 && ends[s] >= 0) {
        trace.emissions.push_back({.token = ends[s], .value = share, .span = sentences[s]});
      }
    }
    if (options_.granularity == Granularity::kToken) emit_tokens(response, trace);
  }

  // Share of linked words, -1 without words; null words are added to the marks.
  double judge_sentence(const std::string& text, const Span& sentence,
                        std::vector<Span>& marks) const {
    const auto begin = static_cast<std::size_t>(sentence.begin);
    const std::string_view whole =
        std::string_view(text).substr(begin, static_cast<std::size_t>(sentence.end) - begin);
    std::int64_t words = 0;
    std::int64_t linked = 0;
    for (const ParsedWord& word : parser_.parse(whole)) {
      ++words;
      if (word.linked) {
        ++linked;
      } else {
        marks.push_back({sentence.begin + word.span.begin, sentence.begin + word.span.end});
      }
    }
    return words > 0 ? static_cast<double>(linked) / static_cast<double>(words) : -1;
  }

  static void emit_tokens(const ScoredResponse& response, ComponentTrace& trace) {
    for (std::size_t t = 0; t < response.token_offsets.size(); ++t) {
      const Span& token = response.token_offsets[t];
      if (token.begin == token.end) continue;
      bool null = false;
      for (const Span& mark : trace.marks) null = null || overlap(mark, token);
      trace.emissions.push_back(
          {.token = static_cast<std::int64_t>(t), .value = null ? -1.0 : 0.0, .span = token});
    }
  }

  LinkGrammarOptions options_;
  LinkGrammarParser parser_;
};

}  // namespace

std::unique_ptr<RewardSource> make_link_grammar_source(const LinkGrammarOptions& options) {
  ALARM_CHECK(
      options.granularity == Granularity::kSentence || options.granularity == Granularity::kToken,
      "component '{}': link-grammar gives rewards by sentence or token, not by {}", options.name,
      to_string(options.granularity));
  return std::make_unique<LinkGrammarSource>(options);
}

std::unique_ptr<RewardSource> make_link_grammar_source(const std::string& name) {
  return make_link_grammar_source(LinkGrammarOptions{.name = name});
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/sentence_examples.hpp"

#include <algorithm>
#include <optional>

#include "alarm/base/error.hpp"
#include "alarm/text/sentences.hpp"

#include "reward/document_groups.hpp"
#include "reward/draws.hpp"

namespace alarm_dist {
namespace {

constexpr std::uint32_t kRelevanceStream = 64;     // + kind
constexpr std::uint32_t kGroundednessStream = 96;  // + kind
constexpr std::uint32_t kOrderStream = 128;

bool is_evidence(const LabelledSentence& sentence, const std::string& aspect) {
  const auto found = sentence.evidence.find(aspect);
  return found != sentence.evidence.end() && found->second;
}

SentenceKind relevance_kind(const LabelledSentence& sentence, const std::string& aspect) {
  if (is_evidence(sentence, aspect)) return SentenceKind::kEvidence;
  const bool other = std::any_of(sentence.evidence.begin(), sentence.evidence.end(),
                                 [](const auto& label) { return label.second; });
  return other ? SentenceKind::kOtherEvidence : SentenceKind::kNoEvidence;
}

std::vector<SentenceExample> shuffled(std::vector<SentenceExample> examples, std::uint64_t seed) {
  std::vector<SentenceExample> result;
  result.reserve(examples.size());
  EvenWalk order(seed, kOrderStream, examples.size());
  while (result.size() < examples.size()) result.push_back(std::move(examples[order.next()]));
  return result;
}

// Half the examples positive, a quarter each of the two kinds of negatives; what does not divide
// goes to the positives.
struct Quotas {
  explicit Quotas(std::int64_t count)
      : first_negative(count / 4),
        second_negative(count / 2 - count / 4),
        positive(count - count / 2) {
    ALARM_CHECK(count >= 0, "{} examples were asked for", count);
  }
  std::int64_t first_negative;
  std::int64_t second_negative;
  std::int64_t positive;
};

// Sentences of the documents, of the expert's answers and names, by document.
struct DocumentText {
  std::vector<std::string> sentences{};
  std::vector<std::string> answers{};
  std::vector<std::string> names{};
};

void append_sentences(const std::string& text, std::vector<std::string>& sentences) {
  for (const Span& span : split_sentences(text)) {
    const auto begin = static_cast<std::size_t>(span.begin);
    std::string sentence = text.substr(begin, static_cast<std::size_t>(span.end) - begin);
    if (split_words(sentence).size() >= 4) sentences.push_back(std::move(sentence));
  }
}

class GroundednessMaker {
 public:
  GroundednessMaker(const Dataset& dataset, std::uint64_t seed)
      : dataset_(dataset), seed_(seed), groups_(dataset) {
    ALARM_CHECK(groups_.size() >= 2,
                "data set '{}' has {} documents, groundedness needs two at least", dataset.name(),
                groups_.size());
    for (std::size_t g = 0; g < groups_.size(); ++g) texts_.push_back(read_group(g));
  }

  void make(SentenceKind kind, std::int64_t count, std::vector<SentenceExample>& examples) const {
    const auto stream = kGroundednessStream + static_cast<std::uint32_t>(kind);
    EvenWalk walk(seed_, stream, dataset_.records().size());
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::size_t index = walk.next();
      Draws draws(seed_, stream, i);
      examples.push_back({.record = &dataset_.records()[index],
                          .sentence = make_sentence(kind, groups_.group_of(index), draws, i),
                          .label = kind == SentenceKind::kGrounded,
                          .kind = kind});
    }
  }

 private:
  DocumentText read_group(std::size_t group) const {
    DocumentText text;
    const std::vector<std::size_t>& records = groups_.records(group);
    const Record& first = dataset_.records()[records.front()];
    append_sentences(first.document, text.sentences);
    for (const std::size_t r : records)
      append_sentences(dataset_.records()[r].reference, text.answers);
    for (const auto* sentences : {&text.sentences, &text.answers}) {
      for (const std::string& sentence : *sentences) {
        for (std::string& name : names_in(sentence)) text.names.push_back(std::move(name));
      }
    }
    ALARM_CHECK(!text.sentences.empty() || !text.answers.empty(),
                "record {}: no sentence of four words or more", first.id);
    return text;
  }

  std::size_t other_group(std::size_t group, Draws& draws) const {
    const std::size_t other = draws.below(groups_.size() - 1);
    return other < group ? other : other + 1;
  }

  // Of the document or of the answers with even chances.
  const std::string& pick_sentence(const DocumentText& text, Draws& draws) const {
    const bool from_answers = draws.uniform() < 0.5;
    if (text.answers.empty()) return draws.pick(text.sentences);
    return from_answers || text.sentences.empty() ? draws.pick(text.answers)
                                                  : draws.pick(text.sentences);
  }

  std::string make_sentence(SentenceKind kind, std::size_t group, Draws& draws,
                            std::uint32_t number) const {
    if (kind == SentenceKind::kGrounded) return pick_sentence(texts_[group], draws);
    if (kind == SentenceKind::kOtherPaper)
      return pick_sentence(texts_[other_group(group, draws)], draws);
    for (std::uint32_t attempt = 0; attempt < 20; ++attempt) {
      const std::string& own = pick_sentence(texts_[group], draws);
      const std::vector<std::string>& names = texts_[other_group(group, draws)].names;
      std::string swapped = swap_facts(own, names, seed_, 20 * number + attempt);
      if (swapped != join_words(split_words(own))) return swapped;
    }
    // A document without numbers and names: nothing can be swapped, another document's sentence is
    // as wrong.
    return pick_sentence(texts_[other_group(group, draws)], draws);
  }

  const Dataset& dataset_;
  std::uint64_t seed_;
  DocumentGroups groups_;
  std::vector<DocumentText> texts_{};
};

}  // namespace

std::string_view to_string(SentenceKind kind) {
  switch (kind) {
    case SentenceKind::kEvidence:
      return "evidence";
    case SentenceKind::kOtherEvidence:
      return "other_evidence";
    case SentenceKind::kNoEvidence:
      return "no_evidence";
    case SentenceKind::kGrounded:
      return "grounded";
    case SentenceKind::kOtherPaper:
      return "other_paper";
    case SentenceKind::kSwapped:
      return "swapped";
  }
  return "unknown";
}

std::vector<SentenceExample> all_relevance_examples(const Dataset& dataset,
                                                    std::int64_t min_words) {
  std::vector<SentenceExample> examples;
  for (const Record& record : dataset.records()) {
    for (const LabelledSentence& sentence : record.sentences) {
      if (static_cast<std::int64_t>(split_words(sentence.text).size()) < min_words) continue;
      const SentenceKind kind = relevance_kind(sentence, record.aspect);
      examples.push_back({.record = &record,
                          .sentence = sentence.text,
                          .label = kind == SentenceKind::kEvidence,
                          .kind = kind});
    }
  }
  return examples;
}

std::vector<SentenceExample> make_relevance_examples(const Dataset& dataset, std::int64_t count,
                                                     std::uint64_t seed) {
  const std::vector<SentenceExample> all = all_relevance_examples(dataset);
  const Quotas quotas(count);
  std::vector<SentenceExample> examples;
  const auto take = [&](SentenceKind kind, std::int64_t number) {
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].kind == kind) members.push_back(i);
    }
    ALARM_CHECK(number == 0 || !members.empty(),
                "data set '{}' has no sentence that is labelled {}", dataset.name(),
                to_string(kind));
    EvenWalk walk(seed, kRelevanceStream + static_cast<std::uint32_t>(kind), members.size());
    for (std::int64_t i = 0; i < number; ++i) examples.push_back(all[members[walk.next()]]);
  };
  take(SentenceKind::kEvidence, quotas.positive);
  take(SentenceKind::kOtherEvidence, quotas.first_negative);
  take(SentenceKind::kNoEvidence, quotas.second_negative);
  return shuffled(std::move(examples), seed);
}

std::vector<SentenceExample> make_groundedness_examples(const Dataset& dataset, std::int64_t count,
                                                        std::uint64_t seed) {
  const Quotas quotas(count);
  const GroundednessMaker maker(dataset, seed);
  std::vector<SentenceExample> examples;
  maker.make(SentenceKind::kGrounded, quotas.positive, examples);
  maker.make(SentenceKind::kOtherPaper, quotas.first_negative, examples);
  maker.make(SentenceKind::kSwapped, quotas.second_negative, examples);
  return shuffled(std::move(examples), seed);
}

}  // namespace alarm_dist

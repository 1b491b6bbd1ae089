// SPDX-License-Identifier: Apache-2.0
// What reward models are trained on: comparisons of answers, and sentences with a label. Deterministic functions of the
// data and a seed (Purpose::kPairs).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "alarm/text/dataset.hpp"

namespace alarm_dist {

// Why an answer is the worse one.
enum class RejectedKind { kOtherAspect, kOtherPaper, kModelWritten, kGarbled, kCut };
std::string_view to_string(RejectedKind kind);  // "other aspect", "other paper", "model-written", "garbled", "cut short"

struct Rejected {
  RejectedKind kind = RejectedKind::kOtherAspect;
  std::string text;
};

// One expert's summary against several worse answers to the same question. Scoring the chosen text once for all of them
// costs 6 sequences for 5 pairs instead of 10.
struct PreferenceGroup {
  const Record* record = nullptr;
  std::string chosen;
  std::vector<Rejected> rejected;
};

// Answers of the initial policy by record index; `continued` ones began with the expert's first words, so that they are on
// topic and only vague: without them a model learns to tell the machine's style, and a policy learns to be vague.
struct ModelWritten {
  std::map<std::int64_t, std::string> sampled;
  std::map<std::int64_t, std::string> continued;
};

// One group for each record of the data set, in shuffled order: both other aspects of the paper, the same aspect of another
// paper, one model-written answer and one garbled or cut one (a fair coin): 40% / 20% / 20% / 10% / 10% of the pairs.
// Model-written, by (aspect - paper) mod 3: 0 the sampled answer (even papers: its first sentence only), 1 the continued
// one's first sentence, 2 the continued one of the next paper. A record without that answer gets none. `epoch` varies every
// draw. The data set must be ordered paper by paper, as load_aclsum does; its aspects are found by Record::aspect.
std::vector<PreferenceGroup> make_preference_groups(const Dataset& dataset, const ModelWritten& model_written,
                                                    std::uint64_t seed, std::int64_t epoch);

// All words shuffled, or a span of 1 to 4 words repeated 2 to 5 times in place.
std::string garble(const std::string& text, std::uint64_t seed, std::uint32_t sample);
// The first 30% to 75% of the words, without end punctuation.
std::string cut_short(const std::string& text, std::uint64_t seed, std::uint32_t sample);

struct LabelledText {
  const Record* record = nullptr;  // whose question is asked of the text
  std::string text;
  bool label = false;
};

// Sentences of at least 4 words with the asked aspect and whether the annotator highlighted them for it: every positive; a
// negative aspect of a sentence that is highlighted for another with probability 0.5; and unlabelled sentences, as many as
// labelled ones, each with probability 0.34 an aspect. Shuffled; redrawn each epoch.
std::vector<LabelledText> make_evidence_examples(const Dataset& dataset, std::uint64_t seed, std::int64_t epoch);

// Sentences of the record's document (grounded) against sentences of other papers and sentences with a number or a
// capitalised name exchanged for one from elsewhere.
std::vector<LabelledText> make_groundedness_examples(const Dataset& dataset, std::uint64_t seed, std::int64_t epoch);

}  // namespace alarm_dist

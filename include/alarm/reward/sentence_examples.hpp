// SPDX-License-Identifier: Apache-2.0
// What sentence-level reward models learn from: sentences with a yes or no.
//
// Relevance: is the sentence evidence for the asked aspect, by the annotators' highlights?
// Groundedness: does the sentence rest on the record's document? Pure functions of (data set,
// count, seed), like pairs.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "alarm/text/dataset.hpp"

namespace alarm_dist {

enum class SentenceKind {
  kEvidence,
  kOtherEvidence,
  kNoEvidence,
  kGrounded,
  kOtherPaper,
  kSwapped,
};
// evidence | other_evidence | no_evidence | grounded | other_paper | swapped
std::string_view to_string(SentenceKind kind);

struct SentenceExample {
  const Record* record = nullptr;
  std::string sentence;
  bool label = false;
  SentenceKind kind = SentenceKind::kEvidence;
};

// All labelled sentences of at least min_words words, for every record: for measuring.
std::vector<SentenceExample> all_relevance_examples(const Dataset& dataset,
                                                    std::int64_t min_words = 4);

// Half are evidence for the record's aspect; of the others half are evidence for another aspect
// (the hard ones), half for none. Each sentence is used once before any is used again. Throws Error
// when a class has no sentence.
std::vector<SentenceExample> make_relevance_examples(const Dataset& dataset, std::int64_t count,
                                                     std::uint64_t seed);

// Half are sentences of the document or of the expert's answer; the others are sentences of other
// documents, or sentences of this one with numbers and names swapped, in equal parts. Throws Error
// with fewer than two documents.
std::vector<SentenceExample> make_groundedness_examples(const Dataset& dataset, std::int64_t count,
                                                        std::uint64_t seed);

// The sentence with each number changed and each name (a word with a capital that does not begin
// the sentence) replaced by one of `names`; unchanged when it has neither. `draw` as in pairs.hpp.
std::string swap_facts(std::string_view sentence, const std::vector<std::string>& names,
                       std::uint64_t seed, std::uint32_t draw);
std::vector<std::string> names_in(std::string_view sentence);

}  // namespace alarm_dist

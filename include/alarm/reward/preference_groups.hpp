// SPDX-License-Identifier: Apache-2.0
// Preference pairs in groups: one expert's answer against several worse ones to the same question.
//
// A group scores its chosen text once for all its pairs (6 sequences for 5 pairs instead of 10),
// and every record is seen with every kind of rejected answer. For papers with several aspects, as
// load_aclsum gives them.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/reward/input_template.hpp"
#include "alarm/reward/pairs.hpp"

namespace alarm_dist {

// Answers of the initial policy by record index. Continued ones began with the expert's first
// words, so they are on topic and merely vague: with plain samples alone a model learns to tell the
// machine's style, and a policy trained on it becomes vague.
struct ModelWritten {
  std::map<std::int64_t, std::string> sampled;
  std::map<std::int64_t, std::string> continued;
};

// Which of them a record's group gets: (aspect - paper) mod 3, for three aspects a paper.
enum class WrittenSort { kSampled, kContinued, kContinuedOfNextPaper };
WrittenSort written_sort(std::int64_t record);

// One group a record, in shuffled order, the pairs of a group next to each other: both other
// aspects of the paper, the same aspect of another paper, one model-written answer, and one
// shuffled or cut one (a fair coin): 40/20/20/10/10% of the pairs. Model-written, by written_sort:
// the sampled answer (of papers with an even number its first sentence only), the continued one's
// first sentence, or that of the next paper; a record without it gets none. `epoch` varies every
// draw.
std::vector<PreferencePair> make_preference_groups(const Dataset& dataset,
                                                   const ModelWritten& model_written,
                                                   std::uint64_t seed, std::int64_t epoch);

// Where each group begins: pairs next to each other with equal record and chosen text. Ends with
// the number of pairs.
std::vector<std::int64_t> group_offsets(std::span<const PreferencePair> pairs);

// Scores in the order of pair_inputs (chosen and rejected in turn), each distinct text of a group
// computed once.
at::Tensor score_pairs(const EncoderModel& model, const Tokenizer& tokenizer,
                       const InputTemplate& input_template, std::span<const PreferencePair> pairs);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// Papers with three aspects each, every text telling where it comes from.
#pragma once

#include <string>

#include "alarm/text/dataset.hpp"

namespace alarm_dist::testing {

// Reference of paper p, aspect a: "Summary <a> of paper <p> has eight words." Each paper's
// sentences: one that is evidence for each aspect, and two that are evidence for none.
inline Dataset small_dataset(int papers) {
  std::vector<Record> records;
  for (int p = 0; p < papers; ++p) {
    const std::string paper = std::to_string(p);
    std::vector<LabelledSentence> sentences;
    for (const std::string aspect : {"challenge", "approach", "outcome", "none", "neither"}) {
      LabelledSentence sentence{.text = "Sentence about " + aspect + " of paper " + paper + ".",
                                .section = "abstract",
                                .evidence = {}};
      for (const std::string asked : {"challenge", "approach", "outcome"})
        sentence.evidence[asked] = asked == aspect;
      sentences.push_back(sentence);
    }
    sentences.push_back(
        {.text = "Too short.", .section = "abstract", .evidence = {{"challenge", true}}});
    for (const std::string aspect : {"challenge", "approach", "outcome"}) {
      Record record;
      record.id = "P" + paper + "/" + aspect;
      record.aspect = aspect;
      record.question = "Which " + aspect + "?";
      record.document = "The Method" + paper + " system reaches 8" + paper +
                        ".5 points. It beats Base" + paper + " here again.";
      record.reference = "Summary " + aspect + " of paper " + paper + " has eight words.";
      record.sentences = sentences;
      records.push_back(record);
    }
  }
  return Dataset("small", std::move(records), 0);
}

}  // namespace alarm_dist::testing

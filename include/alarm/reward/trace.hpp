// SPDX-License-Identifier: Apache-2.0
// What reward sources say about a response: named components that emit values on spans of it.
//
// A token on which a component emits nothing gets nothing from it, before and after shaping
// (specs/alarm.md 1.2).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alarm/text/dataset.hpp"
#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {

// A response as a reward source sees it. Token offsets are byte ranges in the text.
struct ScoredResponse {
  const Record* record = nullptr;
  std::uint32_t sample_id = 0;
  std::string text{};  // decoded, without special tokens
  // Of every response token, the end-of-sequence token too (an empty range).
  std::vector<Span> token_offsets{};
};

struct Emission {
  std::int64_t token = 0;  // response token that carries the value, the last of the span
  double value = 0;        // raw, before normalisation and shaping
  Span span{};             // bytes of the response it is about
};

struct ComponentTrace {
  std::string name{};
  std::vector<Emission> emissions{};  // by token, ascending
  std::vector<Span> marks{};          // for the report: null words of the grammar source
  std::string failure{};  // not empty: the source failed on this response, the sample is dropped
  // What failed is the model: its score is not a number. Dropped only where that is asked for
  // (algorithm.on_nonfinite).
  bool nonfinite = false;
};

struct RewardTrace {
  std::vector<ComponentTrace> components;
  const ComponentTrace* find(const std::string& name) const;  // nullptr if there is none
};

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// A record's prompt as the policy reads it: one rule for rollouts, answers and checks.
#pragma once

#include <cstdint>
#include <vector>

#include "alarm/text/dataset.hpp"
#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {

inline std::vector<std::int64_t> prompt_tokens(const Tokenizer& tokenizer, const Record& record) {
  return tokenizer.encode(record.prompt, {.special_tokens = record.plain_prompt}).ids;
}

}  // namespace alarm_dist

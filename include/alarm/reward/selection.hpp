// SPDX-License-Identifier: Apache-2.0
// Proactive reward selection (specs/alarm.md 1.4): which aspect agrees best with the holistic
// reward.
//
// Two generations for each prompt, A (greedy decoding) and B (sampling), each scored by every
// reward. Pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace alarm_dist {

enum class Better { kHigher, kLower };  // kLower: a rate of errors

struct ScorePair {
  double a = 0;
  double b = 0;
};

// 100 * #{i : h and r differ between A and B, with opposite signs} / #{i : h differs}. Ties of the
// aspect stay in the denominator and count as consistent. Nothing when no prompt has different
// holistic scores.
std::optional<double> inconsistency(std::span<const ScorePair> holistic,
                                    std::span<const ScorePair> aspect,
                                    Better better = Better::kHigher);

// 100 * wins of A / (wins + losses), ties dropped; 50 without a decided pair. Unlike the released
// script it honours kLower: a lower rate of errors wins.
double win_rate(std::span<const ScorePair> scores, Better better = Better::kHigher);

struct AspectStatistics {
  std::string name{};
  std::optional<double> inconsistency{};
  double win_rate = 50;
};

// The aspect of lowest inconsistency, the higher win rate deciding between equals, then the order.
// Aspects without an inconsistency come last. Throws Error when there is none.
const AspectStatistics& select_aspect(std::span<const AspectStatistics> aspects);

}  // namespace alarm_dist

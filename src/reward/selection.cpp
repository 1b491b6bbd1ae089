// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/selection.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

// 1: A is better, -1: B is, 0: neither.
int compare(const ScorePair& pair, Better better) {
  const int higher = (pair.a > pair.b ? 1 : 0) - (pair.a < pair.b ? 1 : 0);
  return better == Better::kHigher ? higher : -higher;
}

double percent(std::int64_t part, std::int64_t whole) {
  return 100 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::optional<double> inconsistency(std::span<const ScorePair> holistic,
                                    std::span<const ScorePair> aspect, Better better) {
  ALARM_CHECK(holistic.size() == aspect.size(),
              "{} prompts have holistic scores, {} have the aspect's", holistic.size(),
              aspect.size());
  std::int64_t decided = 0;
  std::int64_t opposed = 0;
  for (std::size_t i = 0; i < holistic.size(); ++i) {
    const int by_holistic = compare(holistic[i], Better::kHigher);
    decided += by_holistic != 0 ? 1 : 0;
    opposed += by_holistic * compare(aspect[i], better) < 0 ? 1 : 0;
  }
  if (decided == 0) return std::nullopt;
  return percent(opposed, decided);
}

double win_rate(std::span<const ScorePair> scores, Better better) {
  std::int64_t wins = 0;
  std::int64_t decided = 0;
  for (const ScorePair& pair : scores) {
    const int result = compare(pair, better);
    wins += result > 0 ? 1 : 0;
    decided += result != 0 ? 1 : 0;
  }
  return decided > 0 ? percent(wins, decided) : 50;
}

const AspectStatistics& select_aspect(std::span<const AspectStatistics> aspects) {
  ALARM_CHECK(!aspects.empty(), "no aspect to select from");
  const auto order = [](const AspectStatistics& a) {
    return std::pair(a.inconsistency.value_or(std::numeric_limits<double>::infinity()),
                     -a.win_rate);
  };
  return *std::min_element(
      aspects.begin(), aspects.end(),
      [&](const AspectStatistics& a, const AspectStatistics& b) { return order(a) < order(b); });
}

}  // namespace alarm_dist

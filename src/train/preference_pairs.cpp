// SPDX-License-Identifier: Apache-2.0
#include "train/preference_pairs.hpp"

#include <algorithm>
#include <map>

namespace alarm_dist {
Pairs select_pairs(std::span<const Rollout> rollouts, std::span<const ComposedReward> rewards,
                   Sampled sampled) {
  std::map<std::int64_t, std::vector<std::size_t>> by_prompt;
  for (std::size_t i = 0; i < rollouts.size(); ++i)
    by_prompt[rollouts[i].prompt_group].push_back(i);

  Pairs result;
  std::vector<Preference> marks(rollouts.size());
  for (const auto& [prompt, samples] : by_prompt) {
    // Of equals the first sample is taken, so that every rank takes the same.
    const auto [worst, best] =
        std::ranges::minmax_element(samples, {}, [&](std::size_t i) { return rewards[i].total(); });
    const auto first_best = std::ranges::find_if(
        samples, [&](std::size_t i) { return rewards[i].total() == rewards[*best].total(); });
    if (rewards[*worst].total() == rewards[*best].total()) {
      result.without += 1;
      continue;
    }
    marks[*first_best].chosen = true;
    marks[*worst].rejected = true;
    if (sampled == Sampled::kFirst) marks[samples.front()].sampled = true;
    result.pairs += 1;
  }
  for (std::size_t i = 0; i < rollouts.size(); ++i) {
    if (!marks[i].chosen && !marks[i].rejected && !marks[i].sampled) continue;
    result.rollouts.push_back(rollouts[i]);
    result.rewards.push_back(rewards[i]);
    result.preferences.push_back(marks[i]);
  }
  return result;
}

}  // namespace alarm_dist

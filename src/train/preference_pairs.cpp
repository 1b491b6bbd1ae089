// SPDX-License-Identifier: Apache-2.0
#include "train/preference_pairs.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace alarm_dist {
namespace {

using Samples = std::vector<std::size_t>;  // of one prompt, by place in the rollouts

void mark_sampled(const Samples& samples, std::span<const Rollout> rollouts, Sampled sampled,
                  std::vector<Preference>& marks) {
  if (sampled == Sampled::kNone) return;
  for (const auto i : samples) {
    if (sampled == Sampled::kGreedy && !rollouts[i].greedy) continue;
    marks[i].sampled = true;
    return;
  }
}

// False where no sample is better than another. Of equals the first is taken, so that every rank
// takes the same.
bool mark_pair(const Samples& samples, std::span<const ComposedReward> rewards,
               std::vector<Preference>& marks) {
  const auto reward = [&](std::size_t i) { return rewards[i].total(); };
  const auto worst = std::ranges::min_element(samples, {}, reward);
  const auto best = std::ranges::max_element(samples, {}, reward);
  if (reward(*worst) == reward(*best)) return false;
  marks[*best].chosen = true;
  marks[*worst].rejected = true;
  return true;
}

}  // namespace

std::vector<std::int64_t> nonfinite_rewards(std::span<const ComposedReward> rewards) {
  std::vector<std::int64_t> found;
  for (std::size_t i = 0; i < rewards.size(); ++i) {
    if (!std::isfinite(rewards[i].total())) found.push_back(static_cast<std::int64_t>(i));
  }
  return found;
}

Pairs select_pairs(std::span<const Rollout> rollouts, std::span<const ComposedReward> rewards,
                   Sampled sampled) {
  std::map<std::int64_t, Samples> by_prompt;
  for (std::size_t i = 0; i < rollouts.size(); ++i)
    by_prompt[rollouts[i].prompt_group].push_back(i);

  Pairs result;
  std::vector<Preference> marks(rollouts.size());
  for (const auto& [prompt, samples] : by_prompt) {
    (mark_pair(samples, rewards, marks) ? result.pairs : result.without) += 1;
    mark_sampled(samples, rollouts, sampled, marks);
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

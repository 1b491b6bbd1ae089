// SPDX-License-Identifier: Apache-2.0
// Which of a prompt's samples are compared: the one that the program's rewards put highest against
// the one that they put lowest.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "alarm/reward/composer.hpp"
#include "alarm/train/rollout.hpp"

namespace alarm_dist {

// What a rollout is in its prompt's pair.
struct Preference {
  bool chosen = false;
  bool rejected = false;
  bool sampled = false;  // stands for what the reference says (SELM), whatever its rank: it may be
                         // chosen or rejected too, or have no pair beside it
};

struct Pairs {
  std::vector<Rollout> rollouts;  // those with a mark, in the order given
  std::vector<ComposedReward> rewards;
  std::vector<Preference> preferences;
  std::int64_t pairs = 0;
  std::int64_t without = 0;  // prompts whose samples all have one reward, or that have one sample
};

// Which of a prompt's samples is kept for the reference.
enum class Sampled {
  kNone,
  kFirst,   // all being its samples
  kGreedy,  // where it could be scored
};

// By place: a total that is not a number is neither better nor worse than another, and would leave
// the step unseen.
std::vector<std::int64_t> nonfinite_rewards(std::span<const ComposedReward> rewards);

Pairs select_pairs(std::span<const Rollout> rollouts, std::span<const ComposedReward> rewards,
                   Sampled sampled);

}  // namespace alarm_dist

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
  bool sampled = false;  // stands for what the reference says (SELM); may be chosen or rejected too
};

struct Pairs {
  std::vector<Rollout> rollouts;  // those that are part of a pair, in the order given
  std::vector<ComposedReward> rewards;
  std::vector<Preference> preferences;
  std::int64_t pairs = 0;
  std::int64_t without = 0;  // prompts whose samples all have one reward, or that have one sample
};

enum class Sampled { kNo, kFirst };  // keep each prompt's first sample too

Pairs select_pairs(std::span<const Rollout> rollouts, std::span<const ComposedReward> rewards,
                   Sampled sampled);

}  // namespace alarm_dist

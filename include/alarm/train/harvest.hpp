// SPDX-License-Identifier: Apache-2.0
// Rollout actors and reward actors at work: prompts in, scored rollouts out.
//
// Groups of prompts are claimed one by one through the control plane, so a slow rank takes fewer. A
// group is always generated whole, with draws that depend on the sample alone: its rollouts are the
// same whoever claimed it (DESIGN 2).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "alarm/base/nonfinite.hpp"
#include "alarm/comm/world.hpp"
#include "alarm/model/causal_lm.hpp"
#include "alarm/model/generator.hpp"
#include "alarm/reward/composer.hpp"
#include "alarm/reward/panel.hpp"
#include "alarm/text/dataset.hpp"
#include "alarm/text/tokenizer.hpp"
#include "alarm/train/placement.hpp"
#include "alarm/train/rollout.hpp"

namespace alarm_dist {

// What is to be generated; the same on every rank.
struct HarvestPlan {
  std::string name;  // unique in the job, e.g. "train/12": names the claim counter
  const Dataset* dataset = nullptr;
  std::vector<std::int64_t> records = {};  // prompt i asks record records[i]
  std::int64_t samples_per_prompt = 1;
  std::int64_t group_size = 16;  // samples
  SamplingConfig sampling = {};
  DrawContext draws = {};
  Adapter adapter = Adapter::kOn;
  std::int64_t weights_version = 0;
  std::int64_t first_prompt = 0;  // number of prompt 0 in the step: samples are numbered from it
  bool first_greedy = false;      // sample 0 of each prompt takes the likeliest token each time

  std::int64_t prompts_per_group() const;
  std::int64_t groups() const;
};

struct HarvestTimes {
  double generate_s = 0;
  double score_s = 0;
  double wait_s = 0;  // for work, messages and the other ranks

  HarvestTimes& operator+=(const HarvestTimes& more);
};

// What a rank brings to a harvest; parts that its role does not use may be null.
struct Actors {
  const CausalLm* policy = nullptr;
  const Tokenizer* tokenizer = nullptr;
  RewardPanel* rewards = nullptr;  // null on every rank: responses are not scored
};

struct Harvest {
  std::vector<Rollout> rollouts;  // all of the plan, by sample id, on every rank
  HarvestTimes times;             // of this rank
  std::int64_t rounds = 1;        // of generation (dynamic sampling)
  // By rollout, where they are given with the data instead of composed from scores.
  std::vector<ComposedReward> given = {};
};

// An answer that the policy could not go on with, as far as it came: its numbers are not finite.
class NonFiniteRollout : public NonFiniteError {
 public:
  NonFiniteRollout(const std::string& message, Rollout rollout)
      : NonFiniteError(message), rollout_(std::move(rollout)) {}
  const Rollout& rollout() const { return rollout_; }

 private:
  Rollout rollout_;
};

// Collective over the world. Throws NonFiniteRollout on the rank that generated it.
Harvest harvest(World& world, const Placement& placement, const Actors& actors,
                const HarvestPlan& plan);

// Generates one group of the plan, without scoring it. For tests and tools; not collective.
std::vector<Rollout> generate_group(const Actors& actors, const HarvestPlan& plan,
                                    std::int64_t group);
void score_rollouts(RewardPanel& rewards, const Dataset& dataset, std::vector<Rollout>& rollouts);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// Which rank computes which samples of a mini-batch, in which micro-batches. A pure function of the
// lengths, so every rank makes the same plan without talking (and the tests check that by hash).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "alarm/train/rollout.hpp"

namespace alarm_dist {

// Samples of one prompt that are computed together and share its rows.
struct PlanUnit {
  std::vector<std::int64_t> samples;  // indices into the rollouts of the step
  std::int64_t rows = 0;              // prompt rows once, response rows of each
};

using MicroBatch = std::vector<PlanUnit>;

struct MiniBatchPlan {
  std::int64_t samples = 0;  // over all ranks
  std::int64_t tokens = 0;   // response tokens over all ranks: the loss's normaliser
  std::vector<std::vector<MicroBatch>>
      by_rank;  // [learner rank][micro-batch]; a rank may have none
};

struct PlanConfig {
  std::int64_t minibatch = 32;  // samples
  std::int64_t micro_tokens = 4096;
  int ranks = 1;
  // Pairs: > 0: a mini-batch has so many prompts, and a prompt's samples stay in one micro-batch,
  // over budget if need be.
  std::int64_t prompts = 0;
};

// `order` lists prompt groups; groups are cut into mini-batches of about `minibatch` samples, whole
// groups where they fit. A unit larger than micro_tokens is split by samples (its prompt is then
// computed more than once) and, if it is a single sample, stands alone in a micro-batch over
// budget.
std::vector<MiniBatchPlan> plan_minibatches(std::span<const Rollout> rollouts,
                                            std::span<const std::int64_t> order,
                                            const PlanConfig& config);

}  // namespace alarm_dist

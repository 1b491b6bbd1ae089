// SPDX-License-Identifier: Apache-2.0
// What a Learner knows of one step: per-token numbers of all rollouts, end to end, in float64 on
// the host.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/response_scores.hpp"
#include "alarm/train/learner.hpp"

#include "train/components.hpp"
#include "train/preference_pairs.hpp"

namespace alarm_dist {

struct StepBatch {
  StepBatch(std::span<const Rollout> step_rollouts, std::span<const ComposedReward> rewards);

  std::span<const Rollout> rollouts;
  std::vector<std::int64_t> offsets{0};  // rollout i owns tokens [offsets[i], offsets[i+1])
  at::Tensor gap_T;                      // |log-probability as generated - as recomputed|
  at::Tensor rewards_T, sampled_T, old_T, reference_T, entropy_T, values_T, advantages_T, returns_T;
  // Fine-grained: what each component added, [T, C]. Where the critic has a value for each,
  // values_T and returns_T are [T, C] too.
  at::Tensor component_rewards_TC;
  at::Tensor correction_T, kept_T;      // off-policy weights; tokens that are not rejected
  std::vector<Preference> preferences;  // by rollout, where preferences are learned
  double rejected = 0;         // share of the tokens that the off-policy correction rejects
  double constant_groups = 0;  // share of the prompts whose samples all have one reward

  std::int64_t tokens() const { return offsets.back(); }
  void take_apart(std::span<const ComposedReward> rewards, const Components& components);
  at::Tensor of(const at::Tensor& per_token_T,
                std::int64_t sample) const;  // a view of one rollout's part
  // The rollouts of which a reward or a score is not a number.
  std::vector<std::int64_t> nonfinite() const;
  std::string name_nonfinite(std::int64_t sample) const;  // the first such number of the sample
  at::Tensor truncated() const;  // bool, by rollout: cut by the length limit
  // The same on every rank: the denominators are counts over the whole mini-batch.
  MiniBatchWeights weigh(const MiniBatchPlan& plan, Aggregation aggregation,
                         double fixed_length) const;
};

// By the step's tokens, 0 outside of the mini-batch: loss = sum of weight * term.
struct MiniBatchWeights {
  at::Tensor policy_T;  // aggregation times off-policy correction
  at::Tensor kl_T;      // aggregation
  double tokens = 0;    // of the mini-batch, for the value loss's mean
  // Of preferences: prompts, and those that have a pair. (SELM keeps the reference's sample of
  // those that have none.)
  double prompts = 0, pairs = 0;
};

// The samples of a micro-batch as rows of a forward pass, and their tokens' places in the step's
// tensors, in that order.
struct MicroRows {
  ResponseBatch responses;
  std::vector<std::int64_t> samples;
  at::Tensor tokens;  // int64 indices into the per-token tensors

  // Writes the rows' values to their places.
  void put(at::Tensor& per_token_T, const at::Tensor& values) const;
  // The rows' values, in the type and on the device of `like`.
  at::Tensor take(const at::Tensor& per_token_T, const at::Tensor& like) const;
};

MicroRows make_micro_rows(std::span<const Rollout> rollouts, std::span<const std::int64_t> offsets,
                          const MicroBatch& micro);

// Sums over the mini-batches of an update, over all ranks once reduced.
struct UpdateProgress {
  double policy_loss = 0, value_loss = 0, ratio = 0, approximate_kl = 0, clipped = 0,
         value_clipped = 0, ranked = 0, margin = 0, pairs = 0, tokens = 0;
  double grad_norm = 0, critic_grad_norm = 0;
  std::int64_t minibatches = 0, skipped = 0, epochs = 0;
  double first_ratio_deviation = -1;  // |mean ratio - 1| of the first mini-batch

  void add(const UpdateProgress& mini);
  // Denominators of what is told about the step.
  double seen() const { return std::max(1.0, tokens); }
  double steps() const { return static_cast<double>(std::max<std::int64_t>(1, minibatches)); }
};

}  // namespace alarm_dist

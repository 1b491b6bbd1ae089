// SPDX-License-Identifier: Apache-2.0
// The loss of preferences of a micro-batch.
#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

#include "alarm/train/algorithm.hpp"

#include "train/learner_batch.hpp"

namespace alarm_dist {

// A micro-batch's samples: their tokens' log-probabilities end to end, by offsets.
struct PreferenceView {
  const StepBatch& batch;
  const MicroBatch& micro;
  at::Tensor policy_T, reference_T;
  std::span<const std::int64_t> offsets;
};

// Its part of the mini-batch's loss: a mean over the pairs of the mini-batch, on all ranks; SELM's
// optimism is one over its prompts, which need no pair.
at::Tensor preference_loss(const Algorithm& algorithm, const PreferenceConfig& config,
                           const PreferenceView& view, const MiniBatchWeights& weights,
                           UpdateProgress& mini);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// Off-policy correction: rollouts came from another policy than the one whose old log-probabilities
// anchor the ratio, an earlier version of the weights or another numerical path
// (specs/related-systems.md 11.6). rho_t = exp(old_t - rollout_t) weighs token t's loss; weights
// are constants, differentiating them would add a wrong term.
//
// With old := rollout ("sampled") the PPO ratio corrects already: do not weigh again. A rejected
// token has weight 0 and leaves the denominator too: take the counts over kept_T.
#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

enum class ImportanceLevel {
  kToken,     // rho_t: biased, small variance
  kSequence,  // the product over the response on each of its tokens: unbiased, large variance
};

struct RatioBounds {
  double low = 0.5;
  double high = 2;
};

struct Correction {
  at::Tensor weights_T;  // in the type of old_T
  at::Tensor kept_T;     // bool
};

// min(rho, cap), nothing rejected (TIS).
Correction truncated_importance(const at::Tensor& old_T, const at::Tensor& rollout_T,
                                std::span<const std::int64_t> offsets, ImportanceLevel level,
                                double cap);
// rho where it lies within the bounds, else 0 (MIS, IcePop).
Correction masked_importance(const at::Tensor& old_T, const at::Tensor& rollout_T,
                             std::span<const std::int64_t> offsets, ImportanceLevel level,
                             const RatioBounds& bounds);
// rho_t on the tokens of responses whose geometric mean of rho lies within the bounds, else 0.
Correction geometric_rejection(const at::Tensor& old_T, const at::Tensor& rollout_T,
                               std::span<const std::int64_t> offsets, const RatioBounds& bounds);
// rho_t on the tokens of responses whose mean of rho - log rho - 1 is at most the bound, else 0.
Correction divergence_rejection(const at::Tensor& old_T, const at::Tensor& rollout_T,
                                std::span<const std::int64_t> offsets, double bound);

// What is left of the correction when only its rejections are wanted: weight 1 on kept tokens.
Correction only_rejections(const Correction& correction);

// Weights with mean 1: divided by sum / count, both over the global batch. A sum of 0 leaves them
// as they are.
at::Tensor normalize_weights(const at::Tensor& weights_T, double sum, double count);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// Proximal policy optimisation on ragged batches (Schulman et al. 2017; specs/alarm.md 1.3): pure
// functions of tensors.
//
// T token values lie end to end, offsets[r] .. offsets[r+1] are those of response r. Types pass
// through (float64 in tests). Sums are returned, not means: the caller divides by global counts, so
// that a loss does not depend on how a batch is split (DESIGN, law 3).
#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

struct Advantages {
  at::Tensor advantages_T;
  at::Tensor returns_T;  // advantages + values
};

// Generalised advantage estimation (Schulman et al. 2016), each response an episode that ends after
// its last token.
Advantages gae(const at::Tensor& rewards_T, const at::Tensor& values_T,
               std::span<const std::int64_t> offsets, double gamma, double lambda);

// Count, sum and sum of squares: add them up over ranks, then whiten.
struct Moments {
  double count = 0;
  double sum = 0;
  double squares = 0;
};
Moments moments(const at::Tensor& values_T);
enum class Variance { kBiased, kUnbiased };
enum class WhitenMean { kRemove, kKeep };
struct WhitenConfig {
  Variance variance = Variance::kUnbiased;
  WhitenMean mean = WhitenMean::kRemove;
  double epsilon = 1e-8;  // added to the variance
};
// (v - mean) / sqrt(variance + epsilon), the mean added back where it is kept. The variance of a
// single value is 0.
at::Tensor whiten(const at::Tensor& values_T, const Moments& global,
                  const WhitenConfig& config = {});

// Per-token reward with the KL term: R_t - beta * (logp_t - reference_t).
at::Tensor kl_penalized(const at::Tensor& rewards_T, const at::Tensor& logprobs_T,
                        const at::Tensor& reference_T, double beta);

struct PolicyLoss {
  at::Tensor sum;  // sum over tokens of max(-A r, -A clip(r, 1 - clip, 1 + clip)); differentiable
  double clipped = 0;             // number of tokens on which the clipped term is the larger
  double ratio_sum = 0;           // sum of r = exp(new - old)
  double approximate_kl_sum = 0;  // sum of old - new
};
PolicyLoss ppo_policy_loss(const at::Tensor& logprobs_T, const at::Tensor& old_logprobs_T,
                           const at::Tensor& advantages_T, double clip);

// The same with a bound a side (DAPO's clip-higher) and, dual > 0, with a floor under negative
// advantages: their loss is at most -dual * A (Ye et al. 2020). Constant weights_T, if defined,
// multiply each token's loss: those of an aggregation (aggregate.hpp) or of an off-policy
// correction (correction.hpp). The counts and sums are of the tokens, unweighted.
struct PolicyClip {
  double low = 0.2;
  double high = 0.2;
  double dual = 0;
};
PolicyLoss ppo_policy_loss(const at::Tensor& logprobs_T, const at::Tensor& old_logprobs_T,
                           const at::Tensor& advantages_T, const PolicyClip& clip,
                           const at::Tensor& weights_T = {});
// Token by token, differentiable.
at::Tensor ppo_policy_terms(const at::Tensor& logprobs_T, const at::Tensor& old_logprobs_T,
                            const at::Tensor& advantages_T, const PolicyClip& clip);

struct ValueLoss {
  at::Tensor sum;  // sum of 0.5 * max((v - R)^2, (clip(v, old - c, old + c) - R)^2); differentiable
  double clipped = 0;
};
// clip <= 0: no clipping.
ValueLoss ppo_value_loss(const at::Tensor& values_T, const at::Tensor& old_values_T,
                         const at::Tensor& returns_T, double clip);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// Losses of preference optimisation: the policy learns from pairs of responses to the same prompt,
// without a reward model (specs/related-systems.md 5). Pure functions of the log-probabilities of
// whole responses, one loss a pair; the caller divides the sum by the pairs of the whole
// mini-batch.
//
// Sums and means of a response's log-probabilities are not to be confused: the type holds both.
#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

// Of R responses under one model.
struct ResponseLogprobs {
  at::Tensor sums_R;
  at::Tensor tokens_R;  // their lengths, in the type of the sums

  at::Tensor means_R() const;  // by token; 0 of a response without one
};
// Differentiable.
ResponseLogprobs response_logprobs(const at::Tensor& logprobs_T,
                                   std::span<const std::int64_t> offsets);

// Pair p: chosen response p against rejected response p.
struct PairLogprobs {
  ResponseLogprobs chosen;
  ResponseLogprobs rejected;
};

struct PreferenceLoss {
  at::Tensor losses_P;            // differentiable
  at::Tensor chosen_rewards_P;    // what the policy takes the responses to be worth: constants
  at::Tensor rejected_rewards_P;  // beta * (log policy - log reference), or of the policy alone
};
// The pairs whose chosen response has the larger implied reward.
double count_ranked(const PreferenceLoss& loss);

enum class LabelNoise {
  kConservative,  // the label is right with probability 1 - e: cDPO (Mitchell 2023)
  kRobust,        // the same, unbiased: (loss - e * ...) / (1 - 2 e) (Chowdhury et al. 2024)
};
struct DpoConfig {
  double beta = 0.1;
  double label_smoothing = 0;  // e, below 1/2
  LabelNoise noise = LabelNoise::kConservative;
};
// -log sigmoid(beta * margin), margin = the chosen's log policy / reference minus the rejected's
// (Rafailov et al. 2023).
PreferenceLoss dpo_loss(const PairLogprobs& policy, const PairLogprobs& reference,
                        const DpoConfig& config);

enum class LogprobScale { kSum, kMean };
struct IpoConfig {
  double beta = 0.1;                        // tau of the paper
  LogprobScale scale = LogprobScale::kSum;  // the paper and OpenRLHF; the mean a token is TRL's
};
// (margin - 1 / (2 beta))^2 (Azar et al. 2023).
PreferenceLoss ipo_loss(const PairLogprobs& policy, const PairLogprobs& reference,
                        const IpoConfig& config);

struct SimpoConfig {
  double beta = 2;
  double margin = 0.5;  // gamma: by how much beta * mean has to differ
  double label_smoothing = 0;
};
// -log sigmoid(beta * (mean chosen - mean rejected) - gamma), no reference (Meng et al. 2024).
PreferenceLoss simpo_loss(const PairLogprobs& policy, const SimpoConfig& config);

struct KtoConfig {
  double beta = 0.1;
  double desirable_weight = 1;
  double undesirable_weight = 1;
};
struct ResponseLoss {
  at::Tensor losses_R;   // differentiable
  at::Tensor rewards_R;  // beta * (log policy - log reference): constants
};
// Single responses, each desirable or not (Ethayarajh et al. 2024): weight * (1 - sigmoid(+-beta *
// (log ratio - baseline))). The baseline, a constant, is KL(policy || reference) as estimated by
// kto_baseline.
ResponseLoss kto_loss(const ResponseLogprobs& policy, const ResponseLogprobs& reference,
                      const at::Tensor& desirable_R, double baseline, const KtoConfig& config);
// The mean log ratio of responses to prompts that are not their own, not below 0: the sum and the
// number of all ranks.
double kto_baseline(double log_ratio_sum, double responses);

// SELM (Zhang et al. 2024): to be added to a pair's DPO loss. alpha * beta * (log policy - log
// reference) of a response that the reference sampled, with a plus: what the last policy would say
// becomes less likely, so that the next one explores. XPO's bonus with alpha_XPO = alpha * beta.
struct SelmConfig {
  double beta = 0.01;
  double alpha = 0.001;
};
at::Tensor selm_optimism(const ResponseLogprobs& policy, const ResponseLogprobs& reference,
                         const SelmConfig& config);

}  // namespace alarm_dist

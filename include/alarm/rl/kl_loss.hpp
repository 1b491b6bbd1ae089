// SPDX-License-Identifier: Apache-2.0
// The divergence from the reference as a term of the loss, token by token or response by response
// (specs/related-systems.md 11.2). The estimators themselves, and the one that belongs in the
// reward (k1), are in kl.hpp; which of them has which gradient is in docs/method.md, section 3.
#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

enum class KlEstimator { kK1, kK2, kK3 };
at::Tensor kl_estimate(KlEstimator estimator, const at::Tensor& logprobs_T,
                       const at::Tensor& reference_T);

enum class KlGradient {
  kOwn,        // of the estimator, which is that of KL(policy || reference) for k2 only
  kReverseKl,  // k2's, whatever the value: verl's k1+ and k3+
};

struct KlLoss {
  KlEstimator estimator = KlEstimator::kK2;
  KlGradient gradient = KlGradient::kOwn;
  double ratio_cap = 0;  // of the constant ratio below; OpenRLHF has 10; <= 0: none
};

// Tokens sampled from the policy itself. Differentiable; the caller weighs and sums.
at::Tensor kl_loss_terms(const at::Tensor& logprobs_T, const at::Tensor& reference_T,
                         const KlLoss& config);

// Tokens sampled from old. Own gradient: estimate * ratio with the ratio differentiated, TRL's
// use_bias_correction_kl, which for k1 and k3 makes the gradient that of KL(policy || reference).
// Reverse KL: the estimate, and constant(min(ratio, cap)) times the gradient of k2, OpenRLHF's
// unbiased_gradient. A cap biases the gradient where it holds.
at::Tensor kl_loss_terms(const at::Tensor& logprobs_T, const at::Tensor& reference_T,
                         const at::Tensor& old_T, const KlLoss& config);

// k2 of whole responses, d^2 / 2 for d summed over the response's tokens, an equal share on each of
// them. Its gradient is that of KL(policy || reference) over responses. The sum of the tokens' own
// k2 has another: it does not see what a token does to the divergence of those after it.
at::Tensor response_kl_loss_terms(const at::Tensor& logprobs_T, const at::Tensor& reference_T,
                                  std::span<const std::int64_t> offsets);

}  // namespace alarm_dist

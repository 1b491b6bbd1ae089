// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/kl_loss.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "alarm/base/error.hpp"
#include "alarm/rl/kl.hpp"

#include "rl/ragged.hpp"

namespace alarm_dist {

at::Tensor kl_estimate(KlEstimator estimator, const at::Tensor& logprobs_T,
                       const at::Tensor& reference_T) {
  switch (estimator) {
    case KlEstimator::kK1:
      return kl_k1(logprobs_T, reference_T);
    case KlEstimator::kK2:
      return kl_k2(logprobs_T, reference_T);
    case KlEstimator::kK3:
      return kl_k3(logprobs_T, reference_T);
  }
  throw Error("unknown KL estimator");
}

at::Tensor kl_loss_terms(const at::Tensor& logprobs_T, const at::Tensor& reference_T,
                         const KlLoss& config) {
  const at::Tensor value_T = kl_estimate(config.estimator, logprobs_T, reference_T);
  return config.gradient == KlGradient::kOwn ? value_T
                                             : with_k2_gradient(value_T, logprobs_T, reference_T);
}

at::Tensor kl_loss_terms(const at::Tensor& logprobs_T, const at::Tensor& reference_T,
                         const at::Tensor& old_T, const KlLoss& config) {
  rl::check_tokens(old_T, logprobs_T, "old log-probabilities");
  const at::Tensor value_T = kl_estimate(config.estimator, logprobs_T, reference_T);
  at::Tensor ratio_T = (logprobs_T - old_T.detach()).exp();
  if (config.gradient == KlGradient::kOwn) return value_T * ratio_T;
  ratio_T = ratio_T.detach();
  if (config.ratio_cap > 0) ratio_T = ratio_T.clamp_max(config.ratio_cap);
  const at::Tensor weighted_T = ratio_T * kl_k2(logprobs_T, reference_T);
  return value_T.detach() + (weighted_T - weighted_T.detach());
}

at::Tensor response_kl_loss_terms(const at::Tensor& logprobs_T, const at::Tensor& reference_T,
                                  std::span<const std::int64_t> offsets) {
  rl::check_tokens(reference_T, logprobs_T, "reference log-probabilities");
  const at::Tensor d_T = logprobs_T - reference_T.detach();
  return 0.5 * rl::response_sums(d_T, offsets) * rl::response_means(d_T, offsets);
}

}  // namespace alarm_dist

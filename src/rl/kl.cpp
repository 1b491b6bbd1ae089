// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/kl.hpp"

#include <algorithm>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "alarm/base/error.hpp"

#include "rl/ragged.hpp"

namespace alarm_dist {
namespace {

at::Tensor log_ratio(const at::Tensor& logprobs_T, const at::Tensor& reference_T) {
  rl::check_tokens(reference_T, logprobs_T, "reference log-probabilities");
  return logprobs_T - reference_T;
}

}  // namespace

at::Tensor kl_k1(const at::Tensor& logprobs_T, const at::Tensor& reference_T) {
  return log_ratio(logprobs_T, reference_T);
}

at::Tensor kl_k2(const at::Tensor& logprobs_T, const at::Tensor& reference_T) {
  return 0.5 * log_ratio(logprobs_T, reference_T).square();
}

at::Tensor kl_k3(const at::Tensor& logprobs_T, const at::Tensor& reference_T) {
  const at::Tensor d_T = log_ratio(logprobs_T, reference_T);
  return (-d_T).expm1() + d_T;
}

at::Tensor with_k2_gradient(const at::Tensor& value_T, const at::Tensor& logprobs_T,
                            const at::Tensor& reference_T) {
  const at::Tensor k2_T = kl_k2(logprobs_T, reference_T);
  return value_T.detach() + (k2_T - k2_T.detach());
}

KlController::KlController(const KlControllerConfig& config, double coefficient)
    : config_(config), coefficient_(coefficient) {
  ALARM_CHECK(config.target <= 0 || config.horizon > 0, "KL horizon: expected samples > 0, got {}",
              config.horizon);
}

void KlController::update(double mean_sequence_kl, std::int64_t samples) {
  if (config_.target <= 0) return;
  const double error = std::clamp(mean_sequence_kl / config_.target - 1, -0.2, 0.2);
  coefficient_ *= 1 + error * static_cast<double>(samples) / config_.horizon;
}

}  // namespace alarm_dist

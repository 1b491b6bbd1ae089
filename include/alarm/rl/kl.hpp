// SPDX-License-Identifier: Apache-2.0
// Estimators of KL(policy || reference) from samples of the policy, and the adaptive coefficient
// (specs 11.2, alarm.md 1.3).
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

// d = log policy - log reference at the sampled tokens.
at::Tensor kl_k1(const at::Tensor& logprobs_T, const at::Tensor& reference_T);  // d
at::Tensor kl_k2(const at::Tensor& logprobs_T, const at::Tensor& reference_T);  // d^2 / 2
at::Tensor kl_k3(const at::Tensor& logprobs_T, const at::Tensor& reference_T);  // exp(-d) - 1 + d
// As a loss only k2 has the gradient of the KL divergence itself: k1's is 0 on average, k3's that
// of KL(reference || policy). This has the value given and k2's gradient.
at::Tensor with_k2_gradient(const at::Tensor& value_T, const at::Tensor& logprobs_T,
                            const at::Tensor& reference_T);

struct KlControllerConfig {
  double coef = 0.2;
  double target = 6;       // nats a response; <= 0: the coefficient stays fixed
  double horizon = 10000;  // samples
};

// beta *= 1 + clip(KL / target - 1, -0.2, 0.2) * samples / horizon  (Ziegler et al. 2019).
class KlController {
 public:
  explicit KlController(const KlControllerConfig& config, double coefficient);
  explicit KlController(const KlControllerConfig& config) : KlController(config, config.coef) {}

  double coefficient() const { return coefficient_; }
  void set_coefficient(double coefficient) { coefficient_ = coefficient; }  // of a resumed run
  void update(double mean_sequence_kl, std::int64_t samples);

 private:
  KlControllerConfig config_;
  double coefficient_;
};

}  // namespace alarm_dist

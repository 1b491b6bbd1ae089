// SPDX-License-Identifier: Apache-2.0
// Fine-grained PPO: a reward that is a sum of components, each with a KL penalty, a discount and,
// where the critic has one for it, a value of its own.
//
//   r^c_t = R^c_t - beta * kl_c * k_t            k_t: the KL estimate of token t
//   A_t   = sum over c of weight_c * A^c_t       A^c: GAE of r^c and V^c with gamma_c, lambda_c
//
// A weight scales a component whole, its penalty too: what the policy pays in all is beta * sum
// over c of weight_c kl_c k_t.
//
// GAE is linear: with one gamma and lambda for all, A is the advantage of the weighted sum of the
// rewards under the weighted sum of the values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/rl/ppo.hpp"

namespace alarm_dist {

struct ComponentTerm {
  double weight = 1;              // of its advantage
  std::optional<double> kl = {};  // share of the coefficient that penalises it; empty: 1 / C
  double gamma = 1;
  double lambda = 0.95;
};

// R [T, C] to r [T, C].
at::Tensor penalize_components(const at::Tensor& rewards_TC, const at::Tensor& kl_T,
                               double coefficient, std::span<const ComponentTerm> terms);

// Sum over c of weight_c * x^c.
at::Tensor sum_components(const at::Tensor& values_TC, std::span<const ComponentTerm> terms);

// advantages_T as above; returns_T is [T, C], what each value should say.
Advantages gae_by_component(const at::Tensor& rewards_TC, const at::Tensor& values_TC,
                            std::span<const std::int64_t> offsets,
                            std::span<const ComponentTerm> terms);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// How far numbers are apart, and gradients to compare.
#pragma once

#include <vector>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "alarm/model/causal_lm.hpp"

namespace alarm_dist::testing {

inline double max_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

// Norm-wise.
inline double relative_difference(const at::Tensor& a, const at::Tensor& expected) {
  const auto difference = a.to(at::kDouble) - expected.to(at::kDouble);
  return (difference.norm() / expected.to(at::kDouble).norm()).item<double>();
}

// Those of the adapter, which are reset.
inline std::vector<at::Tensor> take_gradients(const CausalLm& model) {
  std::vector<at::Tensor> gradients;
  for (auto& [name, tensor] : model.trainable()) {
    gradients.push_back(tensor.grad().clone());
    tensor.mutable_grad().reset();
  }
  return gradients;
}

// A function of a token's state whose gradient differs by token.
inline at::Tensor probe(const at::Tensor& states_ND) {
  return (states_ND * states_ND.square().add(1).log()).sum();
}

}  // namespace alarm_dist::testing

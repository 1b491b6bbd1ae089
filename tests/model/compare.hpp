// SPDX-License-Identifier: Apache-2.0
// How far numbers are apart, and gradients to compare.
#pragma once

#include <algorithm>
#include <vector>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

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

// Of what is trained; they are reset.
inline std::vector<at::Tensor> take_gradients(const CausalLm& model) {
  std::vector<at::Tensor> gradients;
  for (auto& [name, tensor] : model.trainable()) {
    gradients.push_back(tensor.grad().clone());
    tensor.mutable_grad().reset();
  }
  return gradients;
}

// Expected gradients lie end to end in the order of the leaves' names; a leaf that was not used has
// a zero.
inline void expect_gradients(NamedTensors leaves, const at::Tensor& expected) {
  std::ranges::sort(leaves, {}, &NamedTensors::value_type::first);
  std::int64_t place = 0;
  for (const auto& [name, leaf] : leaves) {
    const auto of_leaf = expected.narrow(0, place, leaf.numel()).view(leaf.sizes());
    place += leaf.numel();
    const auto found = leaf.grad().defined() ? leaf.grad() : at::zeros_like(leaf);
    EXPECT_LT((found - of_leaf).norm().item<double>(), 1e-6 * of_leaf.norm().item<double>() + 1e-12)
        << name;
  }
  EXPECT_EQ(place, expected.numel());
}

// A function of a token's state whose gradient differs by token.
inline at::Tensor probe(const at::Tensor& states_ND) {
  return (states_ND * states_ND.square().add(1).log()).sum();
}

}  // namespace alarm_dist::testing

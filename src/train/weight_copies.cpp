// SPDX-License-Identifier: Apache-2.0
#include "train/weight_copies.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace alarm_dist {
namespace {

void exchange(const NamedTensors& a, const NamedTensors& b) {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < a.size(); ++i) {
    at::Tensor mine = a[i].second, theirs = b[i].second;
    const at::Tensor kept = mine.detach().clone();
    mine.copy_(theirs);
    theirs.copy_(kept);
  }
}

}  // namespace

NamedTensors clone_tensors(const NamedTensors& tensors) {
  NamedTensors clones;
  for (const auto& [name, tensor] : tensors) clones.emplace_back(name, tensor.detach().clone());
  return clones;
}

void move_towards(const NamedTensors& weights, const NamedTensors& target, double share) {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    at::Tensor moved = weights[i].second;
    moved.lerp_(target[i].second.detach(), share);
  }
}

void while_exchanged(const NamedTensors& a, const NamedTensors& b,
                     const std::function<void()>& body) {
  exchange(a, b);
  try {
    body();
  } catch (...) {
    exchange(a, b);
    throw;
  }
  exchange(a, b);
}

}  // namespace alarm_dist

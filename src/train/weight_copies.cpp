// SPDX-License-Identifier: Apache-2.0
#include "train/weight_copies.hpp"

#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "alarm/rl/etpo.hpp"

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

std::vector<at::Tensor> tensors_of(const NamedTensors& named) {
  std::vector<at::Tensor> tensors;
  for (const auto& [name, tensor] : named) tensors.push_back(tensor);
  return tensors;
}

}  // namespace

NamedTensors clone_tensors(const NamedTensors& tensors) {
  NamedTensors clones;
  for (const auto& [name, tensor] : tensors) clones.emplace_back(name, tensor.detach().clone());
  return clones;
}

void follow_weights(const NamedTensors& weights, const NamedTensors& target, double keep) {
  polyak_average(tensors_of(weights), tensors_of(target), keep);
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

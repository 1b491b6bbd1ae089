// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/optimizer.hpp"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {

AdamW::AdamW(std::vector<ParameterGroup> groups, const AdamWConfig& config) : config_(config) {
  for (auto& group : groups) {
    for (auto& [name, parameter] : group.parameters) {
      slots_.push_back(
          {name, parameter, at::zeros_like(parameter), at::zeros_like(parameter), group.lr});
    }
  }
}

void AdamW::step(double lr_scale) {
  const at::NoGradGuard no_grad;
  ++steps_;
  for (auto& slot : slots_) {
    if (slot.parameter.grad().defined()) update(slot, slot.lr * lr_scale);
  }
}

void AdamW::update(Slot& slot, double lr) const {
  const at::Tensor gradient = slot.parameter.grad();
  const double correction1 = 1.0 - std::pow(config_.beta1, static_cast<double>(steps_));
  const double correction2 = 1.0 - std::pow(config_.beta2, static_cast<double>(steps_));
  if (config_.weight_decay != 0) slot.parameter.mul_(1.0 - lr * config_.weight_decay);
  slot.m.mul_(config_.beta1).add_(gradient, 1.0 - config_.beta1);
  slot.v.mul_(config_.beta2).addcmul_(gradient, gradient, 1.0 - config_.beta2);
  const at::Tensor denominator = slot.v.div(correction2).sqrt_().add_(config_.epsilon);
  slot.parameter.addcdiv_(slot.m, denominator, -lr / correction1);
}

void AdamW::zero_grad() {
  for (auto& slot : slots_) slot.parameter.mutable_grad().reset();
}

std::vector<at::Tensor> AdamW::parameters() const {
  std::vector<at::Tensor> all;
  for (const auto& slot : slots_) all.push_back(slot.parameter);
  return all;
}

NamedTensors AdamW::state() const {
  NamedTensors tensors;
  for (const auto& slot : slots_) {
    tensors.emplace_back(slot.name + ".m",
                         slot.m.to(at::kCPU, /*non_blocking=*/false, /*copy=*/true));
    tensors.emplace_back(slot.name + ".v",
                         slot.v.to(at::kCPU, /*non_blocking=*/false, /*copy=*/true));
  }
  return tensors;
}

void AdamW::load_state(const TensorFile& file, std::int64_t steps) {
  const at::NoGradGuard no_grad;
  for (auto& slot : slots_) {
    slot.m.copy_(file.get(slot.name + ".m", slot.m.sizes()));
    slot.v.copy_(file.get(slot.name + ".v", slot.v.sizes()));
  }
  steps_ = steps;
}

double gradient_norm(const std::vector<at::Tensor>& parameters) {
  double squares = 0;
  for (const auto& parameter : parameters) {
    if (!parameter.grad().defined()) continue;
    const double norm = parameter.grad().to(at::kDouble).norm().item<double>();
    squares += norm * norm;
  }
  return std::sqrt(squares);
}

void clip_gradients(const std::vector<at::Tensor>& parameters, double norm, double max_norm) {
  if (max_norm <= 0 || norm <= max_norm) return;
  const at::NoGradGuard no_grad;
  for (const auto& parameter : parameters) {
    if (parameter.grad().defined()) parameter.grad().mul_(max_norm / norm);
  }
}

}  // namespace alarm_dist

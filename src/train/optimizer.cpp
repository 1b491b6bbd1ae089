// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/optimizer.hpp"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {

Optimizer::Optimizer(std::vector<ParameterGroup> groups, const OptimizerSettings& settings)
    : settings_(settings) {
  const bool second =
      settings.kind == OptimizerKind::kAdamW || settings.kind == OptimizerKind::kAdam;
  for (auto& group : groups) {
    for (auto& [name, parameter] : group.parameters) {
      slots_.push_back({name, parameter, at::zeros_like(parameter),
                        second ? at::zeros_like(parameter) : at::Tensor(), group.lr});
    }
  }
}

void Optimizer::step(double lr_scale) {
  const at::NoGradGuard no_grad;
  ++steps_;
  for (auto& slot : slots_) {
    if (slot.parameter.grad().defined()) update(slot, slot.lr * lr_scale);
  }
}

void Optimizer::update(Slot& slot, double lr) const {
  const double decay = settings_.weight_decay;
  at::Tensor gradient = slot.parameter.grad();
  const bool decoupled =
      settings_.kind == OptimizerKind::kAdamW || settings_.kind == OptimizerKind::kLion;
  if (decay != 0 && decoupled) slot.parameter.mul_(1.0 - lr * decay);
  if (decay != 0 && !decoupled) gradient = gradient.add(slot.parameter, decay);
  switch (settings_.kind) {
    case OptimizerKind::kAdamW:
    case OptimizerKind::kAdam:
      return adam(slot, gradient, lr);
    case OptimizerKind::kLion:
      return lion(slot, gradient, lr);
    case OptimizerKind::kSgd:
      return sgd(slot, gradient, lr);
  }
}

void Optimizer::adam(Slot& slot, const at::Tensor& gradient, double lr) const {
  const double correction1 = 1.0 - std::pow(settings_.beta1, static_cast<double>(steps_));
  const double correction2 = 1.0 - std::pow(settings_.beta2, static_cast<double>(steps_));
  slot.m.mul_(settings_.beta1).add_(gradient, 1.0 - settings_.beta1);
  slot.v.mul_(settings_.beta2).addcmul_(gradient, gradient, 1.0 - settings_.beta2);
  const at::Tensor denominator = slot.v.div(correction2).sqrt_().add_(settings_.epsilon);
  slot.parameter.addcdiv_(slot.m, denominator, -lr / correction1);
}

void Optimizer::lion(Slot& slot, const at::Tensor& gradient, double lr) const {
  const at::Tensor direction =
      slot.m.mul(settings_.beta1).add_(gradient, 1.0 - settings_.beta1).sign_();
  slot.parameter.add_(direction, -lr);
  slot.m.mul_(settings_.beta2).add_(gradient, 1.0 - settings_.beta2);
}

// As torch.optim.SGD without dampening: the first gradient is taken whole.
void Optimizer::sgd(Slot& slot, const at::Tensor& gradient, double lr) const {
  slot.m.mul_(settings_.beta1).add_(gradient);
  slot.parameter.add_(slot.m, -lr);
}

void Optimizer::zero_grad() {
  for (auto& slot : slots_) slot.parameter.mutable_grad().reset();
}

std::vector<at::Tensor> Optimizer::parameters() const {
  std::vector<at::Tensor> all;
  for (const auto& slot : slots_) all.push_back(slot.parameter);
  return all;
}

NamedTensors Optimizer::state() const {
  NamedTensors tensors;
  for (const auto& slot : slots_) {
    tensors.emplace_back(slot.name + ".m", slot.m.cpu());
    if (slot.v.defined()) tensors.emplace_back(slot.name + ".v", slot.v.cpu());
  }
  return tensors;
}

void Optimizer::load_state(const TensorFile& file, std::int64_t steps) {
  const at::NoGradGuard no_grad;
  for (auto& slot : slots_) {
    slot.m.copy_(file.get(slot.name + ".m", slot.m.sizes()));
    if (slot.v.defined()) slot.v.copy_(file.get(slot.name + ".v", slot.v.sizes()));
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

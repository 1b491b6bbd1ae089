// SPDX-License-Identifier: Apache-2.0
// First-order optimisers over named leaves; state in the leaves' type. With equal gradients every
// rank makes the same step.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

enum class OptimizerKind {
  kAdamW,  // Loshchilov and Hutter 2019: decay beside the gradient step
  kAdam,   // Kingma and Ba 2015: decay added to the gradient
  kLion,   // Chen et al. 2023: the sign of an interpolated momentum, decoupled decay
  kSgd,    // with momentum beta1 (0: none), decay added to the gradient
};

struct OptimizerSettings {
  OptimizerKind kind = OptimizerKind::kAdamW;
  double beta1 = 0.9;  // sgd: momentum
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
};

// Parameters that share a learning rate.
struct ParameterGroup {
  NamedTensors parameters;
  double lr = 0;
};

class Optimizer {
 public:
  Optimizer(std::vector<ParameterGroup> groups, const OptimizerSettings& settings);

  // Multiplies each group's learning rate by lr_scale (a schedule). Parameters without a gradient
  // are left alone.
  void step(double lr_scale = 1.0);
  void zero_grad();

  std::vector<at::Tensor> parameters() const;
  std::int64_t steps() const { return steps_; }
  // First moments (or momentum) under "<parameter>.m", second ones, where the kind has them, under
  // ".v", on the CPU: the moments themselves where they are there already.
  NamedTensors state() const;
  void load_state(const TensorFile& file, std::int64_t steps);

 private:
  struct Slot {
    std::string name;
    at::Tensor parameter, m, v;
    double lr;
  };
  void adam(Slot& slot, const at::Tensor& gradient, double lr) const;
  void lion(Slot& slot, const at::Tensor& gradient, double lr) const;
  void sgd(Slot& slot, const at::Tensor& gradient, double lr) const;
  void update(Slot& slot, double lr) const;

  OptimizerSettings settings_;
  std::vector<Slot> slots_;
  std::int64_t steps_ = 0;
};

// Square root of the sum of squares of all gradients, in float64.
double gradient_norm(const std::vector<at::Tensor>& parameters);
// Scales gradients so that their norm is at most max_norm.
void clip_gradients(const std::vector<at::Tensor>& parameters, double norm, double max_norm);

}  // namespace alarm_dist

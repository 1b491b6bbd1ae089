// SPDX-License-Identifier: Apache-2.0
// AdamW (Loshchilov and Hutter 2019) over named leaves; float32 state. With equal gradients every
// rank makes the same step.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

struct AdamWConfig {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;  // decoupled
};

// Parameters that share a learning rate.
struct ParameterGroup {
  NamedTensors parameters;
  double lr = 0;
};

class AdamW {
 public:
  AdamW(std::vector<ParameterGroup> groups, const AdamWConfig& config);

  // Multiplies each group's learning rate by lr_scale (a schedule). Parameters without a gradient
  // are left alone.
  void step(double lr_scale = 1.0);
  void zero_grad();

  std::vector<at::Tensor> parameters() const;
  std::int64_t steps() const { return steps_; }
  // Moments under "<parameter>.m" and ".v": copies on the CPU.
  NamedTensors state() const;
  void load_state(const TensorFile& file, std::int64_t steps);

 private:
  struct Slot {
    std::string name;
    at::Tensor parameter, m, v;
    double lr;
  };
  void update(Slot& slot, double lr) const;

  AdamWConfig config_;
  std::vector<Slot> slots_;
  std::int64_t steps_ = 0;
};

// Square root of the sum of squares of all gradients, in float64.
double gradient_norm(const std::vector<at::Tensor>& parameters);
// Scales gradients so that their norm is at most max_norm.
void clip_gradients(const std::vector<at::Tensor>& parameters, double norm, double max_norm);

}  // namespace alarm_dist

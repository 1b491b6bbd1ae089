// SPDX-License-Identifier: Apache-2.0
// A normalisation of rows, root-mean-square or of mean and variance; differentiable in its input
// and in weights that are trained.
#pragma once

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

class Norm {
 public:
  Norm() = default;  // of nothing
  // Without a bias: root-mean-square. Name: without ".weight".
  Norm(std::string name, const at::Tensor& weight_D, const at::Tensor& bias_D, double eps);

  // x is float32 or float64 and so is the arithmetic; the result has the type of the weight.
  at::Tensor operator()(const at::Tensor& x_ND) const;

  std::int64_t parameters() const;
  void append_weights(TensorSources& sources) const;

 private:
  std::string name_;
  at::Tensor weight_D_, bias_D_;
  double eps_ = 0;
};

}  // namespace alarm_dist

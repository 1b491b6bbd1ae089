// SPDX-License-Identifier: Apache-2.0
// Root-mean-square normalisation of rows, differentiable in x and, where it is trained, the weight.
#pragma once

#include <ATen/core/Tensor.h>

namespace alarm_dist {

// x * rsqrt(mean(x^2) + eps) * weight, in the type of the weight; x is float32 or float64, and so
// is the arithmetic.
at::Tensor rms_norm(const at::Tensor& x_ND, const at::Tensor& weight_D, double eps);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace alarm_dist {

enum class Activation { kSilu, kGelu, kGeluTanh, kRelu, kTanh };

at::Tensor activate(const at::Tensor& x, Activation activation);

}  // namespace alarm_dist

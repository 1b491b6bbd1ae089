// SPDX-License-Identifier: Apache-2.0
#include "model/activation.hpp"

#include <ATen/Functions.h>

namespace alarm_dist {

at::Tensor activate(const at::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::kSilu:
      return at::silu(x);
    case Activation::kGelu:
      return at::gelu(x);
    case Activation::kGeluTanh:
      return at::gelu(x, "tanh");
    case Activation::kRelu:
      return at::relu(x);
    case Activation::kTanh:
      return at::tanh(x);
  }
  return {};
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/value_head.hpp"

#include <ATen/ATen.h>

namespace alarm_dist {

ValueHead ValueHead::zeros(std::int64_t hidden, at::ScalarType dtype, c10::Device device,
                           std::int64_t values) {
  // at::zeros takes no heed of requires_grad in its options.
  const auto options = at::TensorOptions().dtype(dtype).device(device);
  return {at::zeros({values, hidden}, options).requires_grad_(),
          at::zeros({values}, options).requires_grad_()};
}

at::Tensor ValueHead::operator()(const at::Tensor& states_TD) const {
  return at::linear(states_TD.to(weight.scalar_type()), weight, bias).squeeze(1);  // of one value
}

NamedTensors ValueHead::parameters() const {
  return {{"value_head.weight", weight}, {"value_head.bias", bias}};
}

}  // namespace alarm_dist

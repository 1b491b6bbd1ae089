// SPDX-License-Identifier: Apache-2.0
// A linear map of a hidden state to a value: what a critic puts on top of a trunk.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

struct ValueHead {
  at::Tensor weight;  // [1, hidden]
  at::Tensor bias;    // [1]

  static ValueHead zeros(std::int64_t hidden, at::ScalarType dtype, c10::Device device);
  at::Tensor operator()(const at::Tensor& states_TD) const;  // [T]
  NamedTensors parameters() const;
};

}  // namespace alarm_dist

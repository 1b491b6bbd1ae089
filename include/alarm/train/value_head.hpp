// SPDX-License-Identifier: Apache-2.0
// A linear map of a hidden state to a value, or to one for each component of the reward: what a
// critic puts on top of a trunk.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

struct ValueHead {
  at::Tensor weight;  // [values, hidden]
  at::Tensor bias;    // [values]

  static ValueHead zeros(std::int64_t hidden, at::ScalarType dtype, c10::Device device,
                         std::int64_t values = 1);
  at::Tensor operator()(const at::Tensor& states_TD) const;  // [T]; of several values [T, values]
  NamedTensors parameters() const;
};

}  // namespace alarm_dist

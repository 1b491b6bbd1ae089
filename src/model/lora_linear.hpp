// SPDX-License-Identifier: Apache-2.0
// x W' + bias + x A' B' with W and bias frozen, differentiable in x, A and B.
#pragma once

#include <optional>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

// One node with sums in place: a graph of products would keep and add three activations of full
// size. The scale of the adapter belongs to b_OR.
at::Tensor lora_linear(const at::Tensor& x_NI, const at::Tensor& weight_OI,
                       const std::optional<at::Tensor>& bias_O, const at::Tensor& a_RI,
                       const at::Tensor& b_OR);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// x W' + bias, differentiable in all of them; and x W' + bias + x A' B' with W and bias frozen,
// differentiable in x, A and B.
//
// W may come in parts, one below the other: matrices that a mapped file does not hold end to end
// are multiplied one by one, where joining them would copy them into every process.
#pragma once

#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

at::Tensor linear_in_parts(const at::Tensor& x_NI, const std::vector<at::Tensor>& weights_OI,
                           const std::optional<at::Tensor>& bias_O);

// One node with sums in place: a graph of products would keep and add three activations of full
// size. The scale of the adapter belongs to b_OR.
at::Tensor lora_linear(const at::Tensor& x_NI, const std::vector<at::Tensor>& weights_OI,
                       const std::optional<at::Tensor>& bias_O, const at::Tensor& a_RI,
                       const at::Tensor& b_OR);

}  // namespace alarm_dist

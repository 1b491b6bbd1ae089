// SPDX-License-Identifier: Apache-2.0
#include "model/lora_linear.hpp"

#include <span>

#include <ATen/Functions.h>
#include <torch/csrc/autograd/custom_function.h>

namespace alarm_dist {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// dy W, part by part.
at::Tensor back_through(const at::Tensor& dy, std::span<const at::Tensor> weights) {
  if (weights.size() == 1) return dy.mm(weights.front());
  at::Tensor dx;
  std::int64_t begin = 0;
  for (const auto& weight : weights) {
    const auto part = dy.narrow(1, begin, weight.size(0));
    dx = dx.defined() ? dx.addmm_(part, weight) : part.mm(weight);
    begin += weight.size(0);
  }
  return dx;
}

struct LoraLinear : torch::autograd::Function<LoraLinear> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                            const std::optional<at::Tensor>& bias, const at::Tensor& a,
                            const at::Tensor& b, const std::vector<at::Tensor>& weights) {
    const auto narrow = at::linear(x, a);
    variable_list saved{x, a, b, narrow};
    saved.insert(saved.end(), weights.begin(), weights.end());
    context->save_for_backward(saved);
    return linear_in_parts(x, weights, bias).addmm_(narrow, b.t());
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &a = saved[1], &b = saved[2], &narrow = saved[3];
    const std::span weights(saved.begin() + 4, saved.end());
    const auto& dy = grads[0];
    const auto dnarrow = dy.mm(b);
    at::Tensor dx;
    if (context->needs_input_grad(0)) dx = back_through(dy, weights).addmm_(dnarrow, a);
    return {dx, {}, dnarrow.t().mm(x), dy.t().mm(narrow), {}};
  }
};

}  // namespace

at::Tensor linear_in_parts(const at::Tensor& x_NI, const std::vector<at::Tensor>& weights_OI,
                           const std::optional<at::Tensor>& bias_O) {
  if (weights_OI.size() == 1) return at::linear(x_NI, weights_OI.front(), bias_O);
  std::vector<at::Tensor> parts;
  for (const auto& weight : weights_OI) parts.push_back(at::linear(x_NI, weight));
  const auto joined = at::cat(parts, 1);
  return bias_O ? joined + *bias_O : joined;
}

at::Tensor lora_linear(const at::Tensor& x_NI, const std::vector<at::Tensor>& weights_OI,
                       const std::optional<at::Tensor>& bias_O, const at::Tensor& a_RI,
                       const at::Tensor& b_OR) {
  return LoraLinear::apply(x_NI, bias_O, a_RI, b_OR, weights_OI);
}

}  // namespace alarm_dist

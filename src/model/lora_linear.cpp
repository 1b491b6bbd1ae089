// SPDX-License-Identifier: Apache-2.0
#include "model/lora_linear.hpp"

#include <ATen/Functions.h>
#include <torch/csrc/autograd/custom_function.h>

namespace alarm_dist {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct LoraLinear : torch::autograd::Function<LoraLinear> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias, const at::Tensor& a,
                            const at::Tensor& b) {
    const auto narrow = at::linear(x, a);
    context->save_for_backward({x, weight, a, b, narrow});
    return at::linear(x, weight, bias).addmm_(narrow, b.t());
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &a = saved[2], &b = saved[3], &narrow = saved[4];
    const auto& dy = grads[0];
    const auto dnarrow = dy.mm(b);
    at::Tensor dx;
    if (context->needs_input_grad(0)) dx = dy.mm(weight).addmm_(dnarrow, a);
    return {dx, {}, {}, dnarrow.t().mm(x), dy.t().mm(narrow)};
  }
};

}  // namespace

at::Tensor lora_linear(const at::Tensor& x_NI, const at::Tensor& weight_OI,
                       const std::optional<at::Tensor>& bias_O, const at::Tensor& a_RI,
                       const at::Tensor& b_OR) {
  return LoraLinear::apply(x_NI, weight_OI, bias_O, a_RI, b_OR);
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "model/gated_silu.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <torch/csrc/autograd/custom_function.h>

namespace alarm_dist {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Halves {
  at::Tensor gate, up;
  explicit Halves(const at::Tensor& both)
      : gate(both.narrow(1, 0, both.size(1) / 2)),
        up(both.narrow(1, both.size(1) / 2, both.size(1) / 2)) {}
};

struct GatedSilu : torch::autograd::Function<GatedSilu> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& gate_up) {
    context->save_for_backward({gate_up});
    const Halves x(gate_up);
    return at::silu(x.gate).mul_(x.up);
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto gate_up = context->get_saved_variables()[0];
    const Halves x(gate_up);
    at::Tensor gradient = at::empty_like(gate_up, at::MemoryFormat::Contiguous);
    Halves dx(gradient);
    at::mul_out(dx.up, grads[0], at::silu(x.gate));
    at::silu_backward_out(dx.gate, grads[0] * x.up, x.gate);
    return {gradient};
  }
};

}  // namespace

at::Tensor gated_silu(const at::Tensor& gate_up_N2F) { return GatedSilu::apply(gate_up_N2F); }

}  // namespace alarm_dist

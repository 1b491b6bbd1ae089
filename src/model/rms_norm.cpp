// SPDX-License-Identifier: Apache-2.0
#include "model/rms_norm.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <torch/csrc/autograd/custom_function.h>

namespace alarm_dist {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// In place where the type allows: a row-wise function is bound by the number of passes over memory.
struct RmsNorm : torch::autograd::Function<RmsNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_ND,
                            const at::Tensor& weight_D, double eps) {
    const auto length_N1 = at::linalg_vector_norm(x_ND, 2, at::IntArrayRef{-1}, /*keepdim=*/true);
    const auto inverse_N1 =
        length_N1.square().div_(static_cast<double>(x_ND.size(-1))).add_(eps).rsqrt_();
    context->save_for_backward({x_ND, weight_D, inverse_N1});
    return (x_ND * inverse_N1).mul_(weight_D).to(weight_D.scalar_type());
  }

  // With g = dy * w and r = rsqrt(mean(x^2) + eps): dx = r g - x r^3 mean(g x), dw = sum(dy * x r).
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto &x_ND = saved[0], &weight_D = saved[1], &inverse_N1 = saved[2];
    const auto g = grads[0] * weight_D.to(inverse_N1.scalar_type());
    const auto shrink_N1 = at::linalg_vecdot(g, x_ND)
                               .unsqueeze(-1)
                               .mul_(inverse_N1.pow(3))
                               .div_(-static_cast<double>(x_ND.size(-1)));
    at::Tensor dweight_D;
    if (context->needs_input_grad(1)) {
      const auto by_row = (x_ND * inverse_N1).mul_(grads[0]);
      dweight_D = by_row.sum_to_size(weight_D.sizes()).to(weight_D.scalar_type());
    }
    return {g.mul(inverse_N1).addcmul_(x_ND, shrink_N1), dweight_D, {}};
  }
};

}  // namespace

at::Tensor rms_norm(const at::Tensor& x_ND, const at::Tensor& weight_D, double eps) {
  return RmsNorm::apply(x_ND, weight_D, eps);
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "model/rotary.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

namespace alarm_dist {

RotaryAngles rotary_angles(const at::Tensor& positions_N, std::int64_t head_size, double theta,
                           at::ScalarType dtype) {
  const auto type = dtype == at::kDouble ? at::kDouble : at::kFloat;
  const auto exponents =
      at::arange(0, head_size, 2, positions_N.options()).to(type) / static_cast<double>(head_size);
  const auto frequencies = at::reciprocal(at::pow(theta, exponents));
  const auto angles = positions_N.to(type).view({-1, 1, 1}) * frequencies;
  return {angles.cos().to(dtype), angles.sin().to(dtype)};
}

at::Tensor rotate_heads(const at::Tensor& x_NSE, const RotaryAngles& angles,
                        std::int64_t rotated_heads, Rotation rotation) {
  const auto half = x_NSE.size(2) / 2;
  const double turn = rotation == Rotation::kForward ? 1.0 : -1.0;
  at::Tensor out = at::empty_like(x_NSE, at::MemoryFormat::Contiguous);
  const auto x = x_NSE.narrow(1, 0, rotated_heads);
  const auto x1 = x.narrow(2, 0, half), x2 = x.narrow(2, half, half);
  auto y1 = out.narrow(1, 0, rotated_heads).narrow(2, 0, half);
  auto y2 = out.narrow(1, 0, rotated_heads).narrow(2, half, half);
  at::mul_out(y1, x1, angles.cos).addcmul_(x2, angles.sin, -turn);
  at::mul_out(y2, x2, angles.cos).addcmul_(x1, angles.sin, turn);
  const auto rest = x_NSE.size(1) - rotated_heads;
  out.narrow(1, rotated_heads, rest).copy_(x_NSE.narrow(1, rotated_heads, rest));
  return out;
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "model/rotary.hpp"

#include <cmath>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

namespace alarm_dist {
namespace {

// Wavelengths above context / low are divided by the factor, those below context / high stay, and
// between the two the change is linear in context / wavelength.
at::Tensor llama3_frequencies(const at::Tensor& frequencies_F, const RopeSpec& spec) {
  const auto turns_F = frequencies_F * (static_cast<double>(spec.context) / (2 * M_PI));
  const auto kept_F = ((turns_F - spec.low_frequency_factor) /
                       (spec.high_frequency_factor - spec.low_frequency_factor))
                          .clamp(0, 1);
  return frequencies_F * (kept_F + (1 - kept_F) / spec.factor);
}

}  // namespace

RotaryEmbedding::RotaryEmbedding(const RopeSpec& spec, const at::TensorOptions& activations)
    : spec_(spec),
      dtype_(activations.dtype().toScalarType()),
      type_(dtype_ == at::kDouble ? at::kDouble : at::kFloat) {
  if (spec.features == 0) return;
  exponents_F_ = at::arange(0, spec.features, 2, activations.dtype(at::kLong)).to(type_) /
                 static_cast<double>(spec.features);
  frequencies_F_ = at::reciprocal(at::pow(spec.theta, exponents_F_));
  if (spec.scaling == RopeScaling::kLinear) frequencies_F_ = frequencies_F_ / spec.factor;
  if (spec.scaling == RopeScaling::kLlama3)
    frequencies_F_ = llama3_frequencies(frequencies_F_, spec);
}

at::Tensor RotaryEmbedding::dynamic_frequencies_NF(const at::Tensor& positions_N) const {
  const auto size = static_cast<double>(spec_.features);
  const auto context = static_cast<double>(spec_.context);
  const auto length_N = positions_N.to(type_).add_(1).clamp_min_(context);
  const auto growth_N = length_N * (spec_.factor / context) - (spec_.factor - 1);
  const auto base_N = growth_N.pow(size / (size - 2)) * spec_.theta;
  return at::reciprocal(at::pow(base_N.unsqueeze(1), exponents_F_));
}

RotaryAngles RotaryEmbedding::angles(const at::Tensor& positions_N) const {
  if (spec_.features == 0) return {};
  const auto frequencies = spec_.scaling == RopeScaling::kDynamic
                               ? dynamic_frequencies_NF(positions_N).unsqueeze(1)
                               : frequencies_F_;
  const auto angles = positions_N.to(type_).view({-1, 1, 1}) * frequencies;
  return {angles.cos().to(dtype_), angles.sin().to(dtype_)};
}

at::Tensor rotate_heads(const at::Tensor& x_NSE, const RotaryAngles& angles,
                        std::int64_t rotated_heads, Rotation rotation) {
  if (!angles.cos.defined()) return x_NSE;
  const auto half = angles.cos.size(2);
  const double turn = rotation == Rotation::kForward ? 1.0 : -1.0;
  at::Tensor out = at::empty_like(x_NSE, at::MemoryFormat::Contiguous);
  const auto x = x_NSE.narrow(1, 0, rotated_heads);
  auto y = out.narrow(1, 0, rotated_heads);
  const auto x1 = x.narrow(2, 0, half), x2 = x.narrow(2, half, half);
  auto y1 = y.narrow(2, 0, half), y2 = y.narrow(2, half, half);
  at::mul_out(y1, x1, angles.cos).addcmul_(x2, angles.sin, -turn);
  at::mul_out(y2, x2, angles.cos).addcmul_(x1, angles.sin, turn);
  const auto still = x_NSE.size(2) - 2 * half;
  if (still > 0) y.narrow(2, 2 * half, still).copy_(x.narrow(2, 2 * half, still));
  const auto rest = x_NSE.size(1) - rotated_heads;
  out.narrow(1, rotated_heads, rest).copy_(x_NSE.narrow(1, rotated_heads, rest));
  return out;
}

}  // namespace alarm_dist

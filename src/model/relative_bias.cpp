// SPDX-License-Identifier: Apache-2.0
#include "model/relative_bias.hpp"

#include <cmath>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

namespace alarm_dist {
namespace {

// Logarithms in float32 whatever the model's type: at the edges of buckets the rounding decides,
// and published models were trained with this one.
at::Tensor far_buckets(const at::Tensor& lengths, std::int64_t exact, std::int64_t count,
                       std::int64_t max_distance) {
  const double range = std::log(static_cast<double>(max_distance) / static_cast<double>(exact));
  const auto steps = at::log(lengths.to(at::kFloat) / exact) / range * (count - exact);
  return (steps.to(at::kLong) + exact).clamp_max_(count - 1);
}

}  // namespace

at::Tensor distance_buckets(const at::Tensor& distances, const BiasBuckets& buckets, Sight sight) {
  const bool both = sight == Sight::kBothWays;
  const auto count = both ? buckets.count / 2 : buckets.count;
  const auto exact = count / 2;
  const auto lengths = both ? distances.abs() : distances.neg().clamp_min_(0);
  const auto near_or_far =
      at::where(lengths < exact, lengths, far_buckets(lengths, exact, count, buckets.max_distance));
  return both ? near_or_far + (distances > 0).to(at::kLong) * count : near_or_far;
}

at::Tensor RelativeBias::between(const at::Tensor& queries_n, const at::Tensor& keys_m) const {
  const auto distances_nm = keys_m.unsqueeze(0) - queries_n.unsqueeze(1);
  const auto bias_nmH = at::embedding(table_CH, distance_buckets(distances_nm, buckets, sight));
  return bias_nmH.permute({2, 0, 1}).unsqueeze(0).contiguous();
}

}  // namespace alarm_dist

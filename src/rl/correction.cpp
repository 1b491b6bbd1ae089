// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/correction.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "alarm/base/error.hpp"

#include "rl/ragged.hpp"

namespace alarm_dist {
namespace {

// exp(20) is a ratio of half a milliard: beyond it numbers would only overflow.
constexpr double kMaxLogRatio = 20;

double ratio(double log_ratio) {
  return std::exp(std::clamp(log_ratio, -kMaxLogRatio, kMaxLogRatio));
}

struct Weight {
  double value;
  bool kept;
};

// weigh receives the log-ratios of a response and returns the weight of each of its tokens.
using Weigh = std::function<std::vector<Weight>(std::span<const double>)>;

Correction weigh_responses(const at::Tensor& old_T, const at::Tensor& rollout_T,
                           std::span<const std::int64_t> offsets, const Weigh& weigh) {
  rl::check_tokens(rollout_T, old_T, "rollout log-probabilities");
  rl::check_offsets(offsets, old_T.size(0));
  const auto log_ratios = rl::host_values(old_T.detach() - rollout_T.detach());
  std::vector<double> weights;
  std::vector<double> kept;
  for (std::size_t r = 0; r + 1 < offsets.size(); ++r) {
    const auto begin = static_cast<std::size_t>(offsets[r]);
    const auto end = static_cast<std::size_t>(offsets[r + 1]);
    for (const auto& weight : weigh(std::span(log_ratios).subspan(begin, end - begin))) {
      weights.push_back(weight.kept ? weight.value : 0);
      kept.push_back(weight.kept ? 1 : 0);
    }
  }
  return {rl::like(old_T, weights), rl::like(old_T, kept).to(at::kBool)};
}

double sum(std::span<const double> values) {
  double total = 0;
  for (const double value : values) total += value;
  return total;
}

// Each token by its own ratio, or all by the product.
Weigh by_ratio(ImportanceLevel level, const std::function<Weight(double)>& bound) {
  return [level, bound](std::span<const double> log_ratios) {
    const double total = sum(log_ratios);
    std::vector<Weight> weights;
    for (const double log_ratio : log_ratios) {
      weights.push_back(bound(ratio(level == ImportanceLevel::kSequence ? total : log_ratio)));
    }
    return weights;
  };
}

// All tokens of a response or none.
Weigh by_response(const std::function<bool(std::span<const double>)>& keeps) {
  return [keeps](std::span<const double> log_ratios) {
    const bool kept = !log_ratios.empty() && keeps(log_ratios);
    std::vector<Weight> weights;
    for (const double log_ratio : log_ratios) weights.push_back({ratio(log_ratio), kept});
    return weights;
  };
}

bool is_within(double value, const RatioBounds& bounds) {
  return value >= bounds.low && value <= bounds.high;
}

void check_bounds(const RatioBounds& bounds) {
  ALARM_CHECK(bounds.low >= 0 && bounds.low < bounds.high,
              "ratio bounds: expected 0 <= low < high, got {} and {}", bounds.low, bounds.high);
}

}  // namespace

Correction truncated_importance(const at::Tensor& old_T, const at::Tensor& rollout_T,
                                std::span<const std::int64_t> offsets, ImportanceLevel level,
                                double cap) {
  ALARM_CHECK(cap > 0, "cap of importance weights: expected a number > 0, got {}", cap);
  return weigh_responses(old_T, rollout_T, offsets, by_ratio(level, [cap](double rho) {
                           return Weight{std::min(rho, cap), true};
                         }));
}

Correction masked_importance(const at::Tensor& old_T, const at::Tensor& rollout_T,
                             std::span<const std::int64_t> offsets, ImportanceLevel level,
                             const RatioBounds& bounds) {
  check_bounds(bounds);
  return weigh_responses(old_T, rollout_T, offsets, by_ratio(level, [bounds](double rho) {
                           return Weight{rho, is_within(rho, bounds)};
                         }));
}

Correction geometric_rejection(const at::Tensor& old_T, const at::Tensor& rollout_T,
                               std::span<const std::int64_t> offsets, const RatioBounds& bounds) {
  check_bounds(bounds);
  return weigh_responses(
      old_T, rollout_T, offsets, by_response([bounds](std::span<const double> log_ratios) {
        return is_within(ratio(sum(log_ratios) / static_cast<double>(log_ratios.size())), bounds);
      }));
}

Correction divergence_rejection(const at::Tensor& old_T, const at::Tensor& rollout_T,
                                std::span<const std::int64_t> offsets, double bound) {
  ALARM_CHECK(bound >= 0, "bound of the divergence: expected a number >= 0, got {}", bound);
  return weigh_responses(old_T, rollout_T, offsets,
                         by_response([bound](std::span<const double> log_ratios) {
                           double k3 = 0;
                           for (const double d : log_ratios)
                             k3 += std::expm1(std::min(d, kMaxLogRatio)) - d;
                           return k3 / static_cast<double>(log_ratios.size()) <= bound;
                         }));
}

Correction only_rejections(const Correction& correction) {
  return {correction.kept_T.to(correction.weights_T.scalar_type()), correction.kept_T};
}

at::Tensor normalize_weights(const at::Tensor& weights_T, double sum, double count) {
  return sum > 0 ? weights_T * (count / sum) : weights_T;
}

}  // namespace alarm_dist

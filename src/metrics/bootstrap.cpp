// SPDX-License-Identifier: Apache-2.0
#include "alarm/metrics/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"

namespace alarm_dist {
namespace {

double resampled_mean(std::span<const double> values, std::uint64_t seed, int resample) {
  DrawKey key{
      .seed = seed, .purpose = Purpose::kBootstrap, .sample = static_cast<std::uint32_t>(resample)};
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    key.token = static_cast<std::uint32_t>(i);
    sum += values[draw_below(key, values.size())];
  }
  return sum / static_cast<double>(values.size());
}

}  // namespace

double mean_of(std::span<const double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double quantile_of_sorted(std::span<const double> sorted, double q) {
  ALARM_CHECK(!sorted.empty() && q >= 0 && q <= 1,
              "quantile {} of {} values: expected 0 to 1 of at least one", q, sorted.size());
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

Interval bootstrap_mean(std::span<const double> values, const BootstrapOptions& options) {
  ALARM_CHECK(!values.empty(), "bootstrap: expected at least one value");
  ALARM_CHECK(std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); }),
              "bootstrap: expected finite values");
  ALARM_CHECK(
      options.resamples > 0 && options.level > 0 && options.level < 1,
      "bootstrap: {} resamples at level {}: expected at least 1 and a level between 0 and 1",
      options.resamples, options.level);
  std::vector<double> means(static_cast<std::size_t>(options.resamples));
  for (int i = 0; i < options.resamples; ++i) {
    means[static_cast<std::size_t>(i)] = resampled_mean(values, options.seed, i);
  }
  std::sort(means.begin(), means.end());
  const double tail = (1 - options.level) / 2;
  return {quantile_of_sorted(means, tail), quantile_of_sorted(means, 1 - tail)};
}

Interval bootstrap_paired_difference(std::span<const double> before, std::span<const double> after,
                                     const BootstrapOptions& options) {
  ALARM_CHECK(before.size() == after.size(),
              "bootstrap: {} values before and {} after are not pairs", before.size(),
              after.size());
  std::vector<double> differences(before.size());
  std::transform(after.begin(), after.end(), before.begin(), differences.begin(), std::minus<>());
  return bootstrap_mean(differences, options);
}

}  // namespace alarm_dist

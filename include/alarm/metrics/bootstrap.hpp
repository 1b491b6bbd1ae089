// SPDX-License-Identifier: Apache-2.0
// Percentile bootstrap of a mean, for differences between paired measurements.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace alarm_dist {

struct Interval {
  double low = 0;
  double high = 0;
  bool excludes_zero() const { return low > 0 || high < 0; }
};

// Interval of the mean of the values: resamples with replacement, quantiles (1 - level) / 2 and (1
// + level) / 2 with linear interpolation. Deterministic in the seed. One value gives an interval of
// no width; none, or one that is not finite: Error.
struct BootstrapOptions {
  std::uint64_t seed = 0;
  int resamples = 10000;
  double level = 0.95;
};
Interval bootstrap_mean(std::span<const double> values, const BootstrapOptions& options = {});

// Interval of mean(after - before), the same prompt at the same place in both; throws Error when
// the lengths differ.
Interval bootstrap_paired_difference(std::span<const double> before, std::span<const double> after,
                                     const BootstrapOptions& options = {});

double mean_of(std::span<const double> values);  // NaN when there are none
// Quantile q in [0, 1] of ascending values with linear interpolation (numpy's default).
double quantile_of_sorted(std::span<const double> sorted, double q);

}  // namespace alarm_dist

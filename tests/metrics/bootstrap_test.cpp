// SPDX-License-Identifier: Apache-2.0
#include "alarm/metrics/bootstrap.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"

namespace alarm_dist {
namespace {

std::vector<double> normal_values(int n, double mean, double deviation) {
  std::vector<double> values;
  for (int i = 0; i < n; ++i) {
    values.push_back(mean + deviation *
                                draw_normal({.seed = 11, .sample = static_cast<std::uint32_t>(i)}));
  }
  return values;
}

double deviation_of(const std::vector<double>& values) {
  const double mean = mean_of(values);
  double squares = 0;
  for (const double x : values) squares += (x - mean) * (x - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

// The bootstrap distribution of a mean has mean xbar and deviation s / sqrt(n) exactly and is
// nearly normal for n = 400.
TEST(Bootstrap, AgreesWithTheNormalApproximation) {
  const auto values = normal_values(400, 0.3, 2.0);

  const Interval interval = bootstrap_mean(values, {.seed = 5});

  const double error = deviation_of(values) / std::sqrt(400.0);
  EXPECT_NEAR(interval.low, mean_of(values) - 1.959964 * error, 0.08 * error);
  EXPECT_NEAR(interval.high, mean_of(values) + 1.959964 * error, 0.08 * error);
}

// Golden: tests/golden/bootstrap.py, mean over 20 numpy runs of 10,000 resamples; the end points
// vary by 0.004 and 0.008.
TEST(Bootstrap, AgreesWithNumpyOnASkewedPairedSample) {
  const std::vector<double> before{0.1, 0.4, -0.3, 0.9, 0.2, 0.0, 0.5, -0.1, 0.3, 0.7, 0.6, -0.4};
  const std::vector<double> after{0.3, 0.5, 1.9, 1.0, 0.1, 0.4, 0.5, 2.6, 0.2, 0.9, 0.8, -0.5};

  const Interval interval = bootstrap_paired_difference(before, after, {.seed = 1});

  EXPECT_NEAR(interval.low, 0.0554, 0.02);
  EXPECT_NEAR(interval.high, 1.0592, 0.04);
}

// Two values: a resample's mean is 0, 1/2 or 1 with probability 1/4, 1/2, 1/4; every 95% interval
// reaches both ends.
TEST(Bootstrap, AgreesWithEnumerationForTwoValues) {
  const std::vector<double> values{0, 1};

  const Interval wide = bootstrap_mean(values, {.seed = 2});
  const Interval narrow = bootstrap_mean(values, {.seed = 2, .level = 0.4});

  EXPECT_EQ(wide.low, 0);
  EXPECT_EQ(wide.high, 1);
  EXPECT_EQ(narrow.low, 0.5);
  EXPECT_EQ(narrow.high, 0.5);
}

TEST(Bootstrap, IsAFunctionOfTheSeed) {
  const auto values = normal_values(50, 0, 1);

  EXPECT_EQ(bootstrap_mean(values, {.seed = 3}).low, bootstrap_mean(values, {.seed = 3}).low);
  EXPECT_NE(bootstrap_mean(values, {.seed = 3}).low, bootstrap_mean(values, {.seed = 4}).low);
}

TEST(Bootstrap, RefusesWhatHasNoInterval) {
  EXPECT_THROW(bootstrap_mean({}), Error);
  EXPECT_THROW(bootstrap_mean(std::vector<double>{1, std::numeric_limits<double>::quiet_NaN()}),
               Error);
  EXPECT_THROW(bootstrap_paired_difference(std::vector<double>{1}, std::vector<double>{1, 2}),
               Error);
}

TEST(Quantile, InterpolatesAsNumpyDoes) {
  const std::vector<double> sorted{1, 2, 4, 8};

  EXPECT_DOUBLE_EQ(quantile_of_sorted(sorted, 0.0), 1);
  EXPECT_DOUBLE_EQ(quantile_of_sorted(sorted, 0.25), 1.75);  // numpy.quantile([1, 2, 4, 8], 0.25)
  EXPECT_DOUBLE_EQ(quantile_of_sorted(sorted, 0.5), 3);
  EXPECT_DOUBLE_EQ(quantile_of_sorted(sorted, 1.0), 8);
}

}  // namespace
}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/statistics.hpp"

#include <cmath>

#include "alarm/base/error.hpp"

namespace alarm_dist {

Statistics measure_statistics(std::string_view component, std::span<const double> values) {
  ALARM_CHECK(values.size() >= 2,
              "component '{}': {} values measured, at least 2 are needed to normalise it",
              component, values.size());
  const auto count = static_cast<double>(values.size());
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    ALARM_CHECK(std::isfinite(values[i]),
                "component '{}': value {} of {} is {}, expected a finite number", component, i,
                values.size(), values[i]);
    sum += values[i];
  }
  const double mean = sum / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double deviation = std::sqrt(squares / (count - 1));
  // Equal values leave rounding errors of the mean behind, not a deviation.
  ALARM_CHECK(deviation > 1e-12 * std::abs(mean) && deviation > 0,
              "component '{}': all {} measured values are {}; it cannot be normalised, and as a "
              "reward it says nothing",
              component, values.size(), mean);
  return {.mean = mean, .deviation = deviation};
}

}  // namespace alarm_dist

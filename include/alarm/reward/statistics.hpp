// SPDX-License-Identifier: Apache-2.0
// Mean and deviation of a component's raw values, by which it is normalised.
//
// Measured on the initial policy's samples and stored with the model; nothing here updates while
// training.
#pragma once

#include <span>
#include <string_view>

namespace alarm_dist {

struct Statistics {
  double mean = 0;
  double deviation = 1;  // > 0
};

// Mean and unbiased (Bessel) standard deviation. Throws Error naming the component when they cannot
// normalise anything: fewer than two values, a value that is not finite, or no deviation.
Statistics measure_statistics(std::string_view component, std::span<const double> values);

inline double normalize(double value, const Statistics& statistics) {
  return (value - statistics.mean) / statistics.deviation;
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include <fmt/format.h>

#include "alarm/reward/trace.hpp"

namespace alarm_dist {

// Whether a model's score is no number; then the trace is failed by it, and nothing is emitted.
inline bool fails_by(double score, ComponentTrace& trace) {
  if (std::isfinite(score)) return false;
  trace.failure = fmt::format("the model's score is {}", score);
  trace.nonfinite = true;
  trace.emissions.clear();
  return true;
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// The algorithms that exact_optimum_test trains, and what is known of their optima beforehand.
#pragma once

#include <string>
#include <vector>

#include "alarm/train/algorithm.hpp"

namespace alarm_dist::testing {

constexpr double kBeta = 0.4;
constexpr const char* kAspect = "aspect";  // the component beside the holistic one

struct OptimumCase {
  std::string name;
  AlgorithmConfig algorithm;
  bool exact = false;  // its optimum is that of the regularised return
};

AlgorithmConfig algorithm_of(const std::string& kind);
std::vector<OptimumCase> optimum_cases();

}  // namespace alarm_dist::testing

// SPDX-License-Identifier: Apache-2.0
// Float64 tensors of a few numbers, and how they are compared.
#pragma once

#include <cmath>
#include <vector>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

namespace alarm_dist::testing {

constexpr double kTolerance = 1e-9;

inline at::Tensor numbers(const std::vector<double>& values) {
  return at::tensor(values, at::kDouble);
}
inline at::Tensor variable(const std::vector<double>& values) {
  return numbers(values).requires_grad_(true);
}

inline void expect_near(const at::Tensor& actual_T, const std::vector<double>& expected) {
  ASSERT_EQ(actual_T.dim(), 1);
  ASSERT_EQ(actual_T.size(0), static_cast<std::int64_t>(expected.size()));
  const at::Tensor host = actual_T.detach().to(at::kDouble).contiguous();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(host.const_data_ptr<double>()[i], expected[i],
                kTolerance * std::max(1.0, std::abs(expected[i])))
        << "at " << i;
  }
}

inline double scalar(const at::Tensor& value) { return value.item<double>(); }

}  // namespace alarm_dist::testing

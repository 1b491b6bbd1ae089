// SPDX-License-Identifier: Apache-2.0
#include "train/weight_average.hpp"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

namespace alarm_dist {
namespace {

// Weights of the optimiser's step t.
at::Tensor weights_at(std::int64_t t) {
  return at::tensor({std::sin(static_cast<double>(t)), 3.0 / static_cast<double>(t + 1)},
                    at::kDouble);
}

NamedTensors leaf() { return {{"x", weights_at(0).requires_grad_()}}; }

void move_to(const NamedTensors& leaves, std::int64_t t) {
  const at::NoGradGuard no_grad;
  at::Tensor x = leaves.front().second;
  x.copy_(weights_at(t));
}

// decay^n w_0 + (1 - decay) * sum of decay^(n - t) w_t
at::Tensor closed_form(double decay, std::int64_t first, std::int64_t last) {
  const auto n = static_cast<double>(last - first);
  at::Tensor sum = std::pow(decay, n) * weights_at(first);
  for (std::int64_t t = first + 1; t <= last; ++t)
    sum += (1 - decay) * std::pow(decay, static_cast<double>(last - t)) * weights_at(t);
  return sum;
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

TEST(WeightAverage, EqualsTheClosedForm) {
  for (const double decay : {0.1, 0.5, 0.9, 0.992}) {
    const auto weights = leaf();
    WeightAverage average({.decay = decay}, weights);
    for (std::int64_t t = 1; t <= 50; ++t) {
      move_to(weights, t);
      average.follow(t - 1);
    }

    EXPECT_LT(distance(average.tensors().front().second, closed_form(decay, 0, 50)), 1e-12);
    EXPECT_EQ(distance(weights.front().second, weights_at(50)), 0);
  }
}

TEST(WeightAverage, IsTheWeightsThemselvesUntilItsStart) {
  const auto weights = leaf();
  WeightAverage average({.decay = 0.9, .start = 3}, weights);
  for (std::int64_t t = 1; t <= 3; ++t) {
    move_to(weights, t);
    average.follow(t - 1);
    EXPECT_EQ(distance(average.tensors().front().second, weights_at(t)), 0);
  }
  for (std::int64_t t = 4; t <= 6; ++t) {
    move_to(weights, t);
    average.follow(t - 1);
  }

  EXPECT_LT(distance(average.tensors().front().second, closed_form(0.9, 3, 6)), 1e-12);
}

TEST(WeightAverage, KeepsNothingWhereItIsOff) {
  const auto weights = leaf();
  WeightAverage average({}, weights);
  average.follow(0);

  EXPECT_TRUE(average.tensors().empty());
}

}  // namespace
}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/value_head.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace alarm_dist {
namespace {

TEST(ValueHeadTest, StartsAtZeroAndLearns) {
  const auto head = ValueHead::zeros(3, at::kDouble, c10::kCPU);
  const at::Tensor states_TD =
      at::tensor({1.0, 2.0, 3.0, -4.0, 5.0, 0.5}, at::kDouble).view({2, 3});

  const at::Tensor values_T = head(states_TD);
  (values_T - 1).square().sum().backward();

  EXPECT_TRUE(at::equal(values_T, at::zeros({2}, at::kDouble)));
  for (const auto& [name, parameter] : head.parameters())
    ASSERT_TRUE(parameter.grad().defined()) << name;
  EXPECT_TRUE(at::equal(head.weight.grad(), -2 * states_TD.sum(0, /*keepdim=*/true)));
  EXPECT_EQ(head.bias.grad().item<double>(), -4);
}

}  // namespace
}  // namespace alarm_dist

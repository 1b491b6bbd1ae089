// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/kl.hpp"

#include <ATen/core/Tensor.h>

#include "alarm/base/error.hpp"

#include "rl/numbers.hpp"

namespace alarm_dist::testing {
namespace {

// The expectation of estimator(token) under a softmax policy, by enumeration: what specs 11.2's
// table says of each, exactly.
class KlEstimators : public ::testing::Test {
 protected:
  using Estimator = at::Tensor (*)(const at::Tensor&, const at::Tensor&);

  at::Tensor logits_V = variable({.3, -1.2, .8, 0, 2.1, -.4});
  at::Tensor reference_V = at::log_softmax(numbers({1, .2, -.5, .1, .9, -2}), 0);

  at::Tensor policy() const { return at::log_softmax(logits_V, 0); }
  // Samples come from the policy, but no gradient flows through where they come from.
  at::Tensor as_loss(Estimator estimator) const {
    return (policy().detach().exp() * estimator(policy(), reference_V)).sum();
  }
  at::Tensor gradient(const at::Tensor& value) {
    logits_V.mutable_grad() = at::Tensor();
    value.backward();
    return logits_V.grad().clone();
  }
  at::Tensor reverse_kl() const { return (policy().exp() * (policy() - reference_V)).sum(); }
  at::Tensor forward_kl() const { return (reference_V.exp() * (reference_V - policy())).sum(); }
};

TEST_F(KlEstimators, OfOneTokenAreTheFormulas) {
  const auto a = numbers({-1});
  const auto b = numbers({-1.5});

  expect_near(kl_k1(a, b), {.5});
  expect_near(kl_k2(a, b), {.125});
  expect_near(kl_k3(a, b), {std::exp(-.5) - 1 + .5});
}

TEST_F(KlEstimators, K1AndK3AreUnbiased) {
  EXPECT_NEAR(scalar(as_loss(kl_k1)), scalar(reverse_kl()), kTolerance);
  EXPECT_NEAR(scalar(as_loss(kl_k3)), scalar(reverse_kl()), kTolerance);
  EXPECT_GT(std::abs(scalar(as_loss(kl_k2)) - scalar(reverse_kl())), .01);
}

TEST_F(KlEstimators, K1AsLossHasNoGradient) {
  EXPECT_LT(scalar(gradient(as_loss(kl_k1)).abs().max()), 1e-12);
}

TEST_F(KlEstimators, K2AsLossHasTheGradientOfTheDivergence) {
  EXPECT_TRUE(at::allclose(gradient(as_loss(kl_k2)), gradient(reverse_kl()), 0, 1e-12));
}

TEST_F(KlEstimators, K3AsLossHasTheGradientOfTheOtherDivergence) {
  EXPECT_TRUE(at::allclose(gradient(as_loss(kl_k3)), gradient(forward_kl()), 0, 1e-12));
}

TEST_F(KlEstimators, K1AsRewardHasTheGradientOfTheDivergence) {
  const auto as_reward = (policy().exp() * kl_k1(policy(), reference_V).detach()).sum();

  EXPECT_TRUE(at::allclose(gradient(as_reward), gradient(reverse_kl()), 0, 1e-12));
}

TEST_F(KlEstimators, K2GradientComesWithAnyValue) {
  const auto value = with_k2_gradient(kl_k3(policy(), reference_V), policy(), reference_V);
  const auto loss = (policy().detach().exp() * value).sum();

  EXPECT_NEAR(scalar(loss), scalar(reverse_kl()), kTolerance);
  EXPECT_TRUE(at::allclose(gradient(loss), gradient(reverse_kl()), 0, 1e-12));
}

TEST(KlController, ReproducesTheGoldenNumber) {
  KlController controller({.coef = .2, .target = 6, .horizon = 1e4});

  controller.update(9, 256);

  EXPECT_NEAR(controller.coefficient(), 0.201024, kTolerance);
}

TEST(KlController, ClipsTheErrorOnBothSides) {
  KlController controller({.coef = .2, .target = 6, .horizon = 1e4}, 1);

  controller.update(-3, 1000);
  EXPECT_NEAR(controller.coefficient(), .98, kTolerance);

  controller.update(6.6, 1000);
  EXPECT_NEAR(controller.coefficient(), .98 * 1.01, kTolerance);
}

TEST(KlController, StaysFixedWithoutATarget) {
  KlController controller({.coef = .1, .target = 0, .horizon = 0});

  controller.update(100, 100);

  EXPECT_EQ(controller.coefficient(), .1);
}

TEST(KlController, RefusesAHorizonOfNoSamples) {
  EXPECT_THROW(KlController({.coef = .1, .target = 6, .horizon = 0}), Error);
}

}  // namespace
}  // namespace alarm_dist::testing

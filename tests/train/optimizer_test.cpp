// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/optimizer.hpp"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

at::Tensor leaf(std::vector<double> values) {
  return at::tensor(values, at::kDouble).requires_grad_(true);
}

// The update of the paper's Algorithm 2, written out for one number.
struct Scalar {
  double x, m = 0, v = 0;
  void step(double g, int t, double lr, const OptimizerSettings& c) {
    x *= 1 - lr * c.weight_decay;
    m = c.beta1 * m + (1 - c.beta1) * g;
    v = c.beta2 * v + (1 - c.beta2) * g * g;
    x -= lr * (m / (1 - std::pow(c.beta1, t))) /
         (std::sqrt(v / (1 - std::pow(c.beta2, t))) + c.epsilon);
  }
};

TEST(AdamW, AgreesWithTheFormula) {
  const OptimizerSettings config{.beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .weight_decay = 0.1};
  const at::Tensor x = leaf({0.5, -2.0});
  Optimizer optimizer({{{{"x", x}}, 0.01}}, config);
  Scalar a{0.5}, b{-2.0};

  for (int t = 1; t <= 5; ++t) {
    const double ga = std::sin(t), gb = 3.0 / t;
    x.mutable_grad() = at::tensor({ga, gb}, at::kDouble);
    optimizer.step(t == 3 ? 0.5 : 1.0);
    a.step(ga, t, t == 3 ? 0.005 : 0.01, config);
    b.step(gb, t, t == 3 ? 0.005 : 0.01, config);
  }

  EXPECT_NEAR(x[0].item<double>(), a.x, 1e-14);
  EXPECT_NEAR(x[1].item<double>(), b.x, 1e-14);
}

// Five steps on the gradients (sin t, 3 / t) from (0.5, -2), lr 0.01.
std::vector<double> after_five_steps(const OptimizerSettings& settings) {
  const at::Tensor x = leaf({0.5, -2.0});
  Optimizer optimizer({{{{"x", x}}, 0.01}}, settings);
  for (int t = 1; t <= 5; ++t) {
    x.mutable_grad() = at::tensor({std::sin(t), 3.0 / t}, at::kDouble);
    optimizer.step();
  }
  return {x[0].item<double>(), x[1].item<double>()};
}

// torch 2.11: torch.optim.Adam / AdamW / SGD, float64, the same gradients.
TEST(Optimizer, AgreesWithTorch) {
  const auto expect = [](OptimizerKind kind, double a, double b) {
    const auto x = after_five_steps(
        {.kind = kind, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .weight_decay = 0.1});
    EXPECT_NEAR(x[0], a, 1e-15);
    EXPECT_NEAR(x[1], b, 1e-15);
  };
  expect(OptimizerKind::kAdam, 0.47126662767013167, -2.0414732902533528);
  expect(OptimizerKind::kAdamW, 0.47026257145967243, -2.0328013614820692);
  expect(OptimizerKind::kSgd, 0.4590706517588139, -2.1653702311054284);
}

TEST(Optimizer, LionStepsByTheSignOfItsInterpolatedMomentum) {
  double x = 0.5, m = 0;
  for (int t = 1; t <= 5; ++t) {
    const double g = std::sin(t), direction = 0.8 * m + 0.2 * g;
    x = x * (1 - 0.01 * 0.1) - 0.01 * (direction > 0 ? 1 : -1);
    m = 0.95 * m + 0.05 * g;
  }

  const auto got = after_five_steps(
      {.kind = OptimizerKind::kLion, .beta1 = 0.8, .beta2 = 0.95, .weight_decay = 0.1});

  EXPECT_NEAR(got[0], x, 1e-15);
}

TEST(AdamW, GoesOnWithTheSameBitsAfterLoadingItsState) {
  const testing::TempDir dir;
  const at::Tensor x = leaf({1, 2, 3}), y = leaf({1, 2, 3});
  Optimizer first({{{{"x", x}}, 0.1}}, {}), second({{{{"x", y}}, 0.1}}, {});
  x.mutable_grad() = at::tensor({1.0, -1.0, 0.5}, at::kDouble);
  first.step();
  write_safetensors(dir / "state.safetensors", first.state());

  second.load_state(TensorFile::open(dir / "state.safetensors"), first.steps());
  {
    const at::NoGradGuard no_grad;
    y.copy_(x);
  }
  y.mutable_grad() = x.grad();
  first.step();
  second.step();

  EXPECT_TRUE(at::equal(x, y));
}

TEST(Gradients, NormAndClipping) {
  const at::Tensor x = leaf({0, 0}), y = leaf({0}), without = leaf({1});
  x.mutable_grad() = at::tensor({3.0, 0.0}, at::kDouble);
  y.mutable_grad() = at::tensor({4.0}, at::kDouble);
  const std::vector<at::Tensor> all{x, y, without};

  EXPECT_DOUBLE_EQ(gradient_norm(all), 5.0);
  clip_gradients(all, 5.0, 10.0);
  EXPECT_DOUBLE_EQ(gradient_norm(all), 5.0);
  clip_gradients(all, 5.0, 1.0);
  EXPECT_DOUBLE_EQ(gradient_norm(all), 1.0);
}

}  // namespace
}  // namespace alarm_dist

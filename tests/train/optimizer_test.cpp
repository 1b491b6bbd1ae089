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
  void step(double g, int t, double lr, const AdamWConfig& c) {
    x *= 1 - lr * c.weight_decay;
    m = c.beta1 * m + (1 - c.beta1) * g;
    v = c.beta2 * v + (1 - c.beta2) * g * g;
    x -= lr * (m / (1 - std::pow(c.beta1, t))) /
         (std::sqrt(v / (1 - std::pow(c.beta2, t))) + c.epsilon);
  }
};

TEST(AdamW, AgreesWithTheFormula) {
  const AdamWConfig config{.beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .weight_decay = 0.1};
  const at::Tensor x = leaf({0.5, -2.0});
  AdamW optimizer({{{{"x", x}}, 0.01}}, config);
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

TEST(AdamW, GoesOnWithTheSameBitsAfterLoadingItsState) {
  const testing::TempDir dir;
  const at::Tensor x = leaf({1, 2, 3}), y = leaf({1, 2, 3});
  AdamW first({{{{"x", x}}, 0.1}}, {}), second({{{{"x", y}}, 0.1}}, {});
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

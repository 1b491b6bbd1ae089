// SPDX-License-Identifier: Apache-2.0
#include "train/step_flops.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "alarm/comm/world.hpp"

#include "support/temp_dir.hpp"
#include "train/peak_flops.hpp"

namespace alarm_dist {
namespace {

TEST(StepFlops, CountsEveryPassOverRowsAndLogits) {
  CausalLmShape shape;
  shape.hidden = 3;
  shape.vocabulary = 10;

  // One forward pass: 2 * 7 weights * 100 rows + 2 * 30 * 40 responses = 3800.
  EXPECT_EQ(step_flops(shape, 7, {.rows = 100, .responses = 40, .epochs = 0}), 3 * 3800);
  EXPECT_EQ(step_flops(shape, 7, {.rows = 100, .responses = 40, .epochs = 2}), 7 * 3800);
  EXPECT_EQ(step_flops(shape, 7, {.rows = 100, .responses = 40, .epochs = 2, .backward = 2}),
            9 * 3800);
}

TEST(StepFlops, LeavesOutTheEmbeddingOnceWhereItIsTheMatrixOfLogits) {
  const testing::TempDir dir;
  CausalLmShape shape;
  shape.hidden = 2;
  shape.vocabulary = 5;
  shape.parameters = 100;
  const auto count = [&](const char* name) {
    const auto file = dir.path() / name;
    write_safetensors(file, {{name, at::zeros({1})}});
    return count_layer_parameters(shape, TensorFile::open(file));
  };

  EXPECT_EQ(count("model.norm.weight"), 90);
  EXPECT_EQ(count("lm_head.weight"), 80);
}

TEST(PeakFlops, IsTheSumOverRanksAndTheSameOnAll) {
  double rates[2] = {};

  run_thread_world(2, [&](World& world) {
    rates[world.rank()] = measure_peak_flops(world, c10::kCPU, c10::kFloat);
  });

  EXPECT_GT(rates[0], 1e8);  // a core of any machine of this century
  EXPECT_EQ(rates[0], rates[1]);
}

}  // namespace
}  // namespace alarm_dist

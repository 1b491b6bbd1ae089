// SPDX-License-Identifier: Apache-2.0
// Attention in tiles against the whole matrix of scores.
#include "model/banded_attention.hpp"

#include <fstream>
#include <limits>
#include <string>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "model/compare.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using Places = std::vector<std::int64_t>;

at::TensorOptions doubles() { return at::TensorOptions(at::kDouble); }

// Numbers without a pattern that the window could hide.
at::Tensor numbers(std::int64_t length, double phase) {
  return at::arange(2 * 3 * length * 4, doubles())
      .mul(0.7)
      .add(phase)
      .sin()
      .mul(1.3)
      .view({2, 3, length, 4});
}

at::Tensor whole(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                 std::int64_t window, const Places& globals) {
  const auto length = query.size(2);
  const auto places = at::arange(length, at::TensorOptions(at::kLong));
  auto hidden = (places.unsqueeze(1) - places.unsqueeze(0)).abs() > window;
  for (const auto global : globals) hidden.select(1, global).fill_(false);
  const auto scores = (at::matmul(query, key.transpose(-1, -2)) / 2.0)
                          .masked_fill(hidden, -std::numeric_limits<double>::infinity());
  return at::matmul(at::softmax(scores, -1), value);
}

struct Case {
  std::int64_t length, window;
  Places globals;
};

class Banded : public ::testing::TestWithParam<Case> {};

TEST_P(Banded, EqualsTheWholeMatrixWithItsGradients) {
  const auto& [length, window, globals] = GetParam();
  std::vector<at::Tensor> inputs, copies;
  for (const double phase : {0.1, 1.3, 2.9}) {
    inputs.push_back(numbers(length, phase).requires_grad_(true));
    copies.push_back(inputs.back().detach().clone().requires_grad_(true));
  }
  const BandedAttention attention(length, window, globals, doubles());

  const auto found = attention(inputs[0], inputs[1], inputs[2]);
  const auto expected = whole(copies[0], copies[1], copies[2], window, globals);

  EXPECT_LT(max_difference(found.detach(), expected.detach()), 1e-12);
  probe(found).backward();
  probe(expected).backward();
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_LT(max_difference(inputs[i].grad(), copies[i].grad()), 1e-12) << i;
}

INSTANTIATE_TEST_SUITE_P(Lengths, Banded,
                         ::testing::Values(Case{1, 3, {}}, Case{2, 3, {0}}, Case{3, 3, {}},
                                           Case{4, 3, {3}}, Case{7, 3, {}}, Case{7, 3, {0, 6}},
                                           Case{12, 3, {0}}, Case{23, 3, {}},
                                           Case{23, 3, {0, 1, 9, 22}}, Case{24, 4, {11}},
                                           Case{17, 1, {2, 3, 4}}, Case{5, 64, {1}},
                                           Case{130, 64, {0, 100}}));

double peak_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes / 1024;
  }
  return 0;
}

TEST(BandedMemory, IsLinearInTheLength) {
  const std::int64_t length = 32768, window = 32;
  const auto options = at::TensorOptions(at::kFloat);
  const auto states = at::ones({1, 1, length, 8}, options).requires_grad_(true);
  const double before = peak_megabytes();

  const BandedAttention attention(length, window, {0}, options);
  attention(states, states, states).sum().backward();

  EXPECT_GT(before, 0);
  EXPECT_LT(peak_megabytes() - before, 128) << "a whole mask is 4096";
}

}  // namespace
}  // namespace alarm_dist

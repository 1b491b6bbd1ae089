// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/components.hpp"

#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"
#include "alarm/rl/kl.hpp"

#include "rl/numbers.hpp"

namespace alarm_dist::testing {
namespace {

constexpr std::int64_t kComponents = 3;

at::Tensor normals(std::initializer_list<std::int64_t> sizes, std::uint64_t seed) {
  at::Tensor drawn = at::empty(at::IntArrayRef(sizes), at::kDouble);
  for (std::int64_t i = 0; i < drawn.numel(); ++i) {
    drawn.mutable_data_ptr<double>()[i] =
        draw_normal({.seed = seed, .sample = static_cast<std::uint32_t>(i)});
  }
  return drawn;
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

// Ragged: one token, none, several.
const std::vector<std::int64_t> kOffsets{0, 4, 5, 5, 12, 19};

TEST(Components, AddUpToTheAdvantageOfTheSum) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto rewards_TC = normals({19, kComponents}, seed);
    const auto values_TC = normals({19, kComponents}, 100 + seed);
    std::vector<ComponentTerm> terms(kComponents, {.gamma = 0.97, .lambda = 0.9});
    if (seed % 2 == 0) terms[1].weight = 2.5;

    const auto by_component = gae_by_component(rewards_TC, values_TC, kOffsets, terms);
    const auto of_sum = gae(sum_components(rewards_TC, terms), sum_components(values_TC, terms),
                            kOffsets, 0.97, 0.9);

    EXPECT_LT(distance(by_component.advantages_T, of_sum.advantages_T), 1e-12);
    EXPECT_LT(distance(sum_components(by_component.returns_T, terms), of_sum.returns_T), 1e-12);
  }
}

TEST(Components, SharesOfTheCoefficientAddUp) {
  const auto rewards_TC = normals({19, kComponents}, 1);
  const auto logprobs_T = normals({19}, 2), reference_T = normals({19}, 3);
  const auto whole_T = kl_penalized(rewards_TC.sum(1), logprobs_T, reference_T, 0.4);
  const std::vector<ComponentTerm> given{{.kl = 0.5}, {.kl = 0.2}, {.kl = 0.3}}, equal(3);
  for (const auto& terms : {given, equal}) {
    const auto penalized_TC =
        penalize_components(rewards_TC, kl_k1(logprobs_T, reference_T), 0.4, terms);

    EXPECT_LT(distance(sum_components(penalized_TC, terms), whole_T), 1e-12);
  }
}

TEST(Components, HaveDiscountsOfTheirOwn) {
  const auto rewards_TC = at::tensor({1.0, 10.0, 2.0, 20.0}, at::kDouble).view({2, 2});
  const auto values_TC = at::tensor({0.5, 1.0, 0.25, 2.0}, at::kDouble).view({2, 2});
  const std::vector<ComponentTerm> terms{{.weight = 1, .gamma = 1, .lambda = 1},
                                         {.weight = 0.1, .gamma = 0.5, .lambda = 0}};

  const auto found =
      gae_by_component(rewards_TC, values_TC, std::vector<std::int64_t>{0, 2}, terms);

  // First: 1 + 2 - 0.5, 2 - 0.25. Second: 10 + 0.5 * 2 - 1, 20 - 2.
  expect_near(found.advantages_T, {2.5 + 0.1 * 10, 1.75 + 0.1 * 18});
  expect_near(found.returns_T.select(1, 1).contiguous(), {11, 20});
}

TEST(Components, NeedAColumnEach) {
  const std::vector<ComponentTerm> terms(2);
  EXPECT_THROW(sum_components(normals({4, 3}, 1), terms), Error);
  EXPECT_THROW(sum_components(normals({4}, 1), terms), Error);
}

}  // namespace
}  // namespace alarm_dist::testing

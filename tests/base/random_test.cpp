// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/random.hpp"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace alarm_dist {
namespace {

using Block = std::array<std::uint32_t, 4>;

// Known-answer vectors of the Random123 distribution for philox4x32-10.
TEST(Philox, AgreesWithPublishedVectors) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Draw, DependsOnEveryPartOfTheKey) {
  const DrawKey key{.seed = 7, .purpose = Purpose::kTest, .step = 1, .sample = 2, .token = 3};

  std::set<std::uint64_t> draws{draw_u64(key)};
  for (auto change :
       {+[](DrawKey& k) { k.seed += 1; }, +[](DrawKey& k) { k.seed += 1ULL << 40; },
        +[](DrawKey& k) { k.purpose = Purpose::kPairs; }, +[](DrawKey& k) { k.step += 1; },
        +[](DrawKey& k) { k.sample += 1; }, +[](DrawKey& k) { k.token += 1; }}) {
    DrawKey other = key;
    change(other);
    draws.insert(draw_u64(other));
  }

  EXPECT_EQ(draws.size(), 7U);
  EXPECT_EQ(draw_u64(key), draw_u64(key));
}

TEST(Draw, UniformAndNormalHaveTheirMoments) {
  const int n = 200000;
  double sum = 0, normal_sum = 0, normal_squares = 0;
  for (int i = 0; i < n; ++i) {
    const DrawKey key{
        .seed = 3, .purpose = Purpose::kTest, .sample = static_cast<std::uint32_t>(i)};
    const double u = draw_uniform(key);
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    const double x = draw_normal(key);
    normal_sum += x;
    normal_squares += x * x;
  }

  EXPECT_NEAR(sum / n, 0.5, 5 * std::sqrt(1.0 / 12 / n));
  EXPECT_NEAR(normal_sum / n, 0.0, 5 / std::sqrt(n));
  EXPECT_NEAR(normal_squares / n, 1.0, 5 * std::sqrt(2.0 / n));
}

TEST(Draw, PermutationHoldsEachNumberOnce) {
  const auto order = draw_permutation({.seed = 1, .purpose = Purpose::kTest}, 100);

  EXPECT_EQ(std::set<std::int64_t>(order.begin(), order.end()).size(), 100U);
  EXPECT_NE(order, draw_permutation({.seed = 2, .purpose = Purpose::kTest}, 100));
  EXPECT_TRUE(draw_permutation({}, 0).empty());
}

}  // namespace
}  // namespace alarm_dist

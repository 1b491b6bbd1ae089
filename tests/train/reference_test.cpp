// SPDX-License-Identifier: Apache-2.0
#include "train/reference.hpp"

#include <utility>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace alarm_dist {
namespace {

struct Seen {
  Adapter adapter = Adapter::kOff;
  double weight = 0;
};

// A policy of one weight, which begins as 1.
class ReferenceTest : public ::testing::Test {
 protected:
  Seen seen(const Reference& reference) const {
    Seen result;
    reference.during([&](Adapter adapter) { result = {adapter, weight_.item<double>()}; });
    return result;
  }
  // The policy's weight becomes `to` in a step, which the reference follows.
  void learn(Reference& reference, std::int64_t step, double to) {
    weight_.fill_(to);
    reference.follow(step);
  }
  Reference make(ReferenceConfig config, Adapter initial) const {
    return {config, {{"weight", weight_}}, initial};
  }

  at::Tensor weight_ = at::ones({1}, at::kDouble);
};

TEST_F(ReferenceTest, FrozenIsTheModelWithoutAnAdapterWhereTheAdapterIsNew) {
  auto reference = make({.kind = ReferenceKind::kFrozen}, Adapter::kOff);
  learn(reference, 0, 3);

  EXPECT_EQ(seen(reference).adapter, Adapter::kOff);
  EXPECT_TRUE(reference.weights().empty());
}

TEST_F(ReferenceTest, FrozenIsTheAdapterThatThePolicyStartedFrom) {
  for (const ReferenceConfig config : {ReferenceConfig{.kind = ReferenceKind::kFrozen}, {}}) {
    weight_.fill_(1);
    auto reference = make(config, Adapter::kOn);
    learn(reference, 0, 3);
    learn(reference, 1, 5);

    EXPECT_EQ(seen(reference).adapter, Adapter::kOn);
    EXPECT_EQ(seen(reference).weight, 1);
    EXPECT_EQ(weight_.item<double>(), 5);
    EXPECT_EQ(reference.weights().size(), 1U);
  }
}

TEST_F(ReferenceTest, BaseIsTheModelWithoutAnAdapterWhateverThePolicyStartedFrom) {
  for (const auto initial : {Adapter::kOff, Adapter::kOn}) {
    auto reference = make({.kind = ReferenceKind::kBase}, initial);
    learn(reference, 0, 3);

    EXPECT_EQ(seen(reference).adapter, Adapter::kOff);
    EXPECT_TRUE(reference.weights().empty());
  }
}

TEST_F(ReferenceTest, MovingOnesBeginAsThePolicyAndFollowIt) {
  auto average =
      make({.kind = ReferenceKind::kMovingAverage, .decay = 0.75, .every = 10}, Adapter::kOn);
  auto reset = make({.kind = ReferenceKind::kReset, .decay = 0.99, .every = 2}, Adapter::kOff);

  EXPECT_EQ(seen(reset).adapter, Adapter::kOn);
  learn(average, 0, 5);
  reset.follow(0);
  EXPECT_EQ(seen(average).weight, 0.75 * 1 + 0.25 * 5);
  EXPECT_EQ(seen(reset).weight, 1);
  reset.follow(1);
  EXPECT_EQ(seen(reset).weight, 5);
}

}  // namespace
}  // namespace alarm_dist

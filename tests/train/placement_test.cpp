// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/placement.hpp"

#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

TEST(Placement, OrdersRolesByRank) {
  const PlacementConfig config{.rollout = 4, .reward = 2, .learner = 10};

  EXPECT_EQ(Placement(config, 3, 16).role(), Role::kRollout);
  EXPECT_EQ(Placement(config, 4, 16).role(), Role::kReward);
  EXPECT_EQ(Placement(config, 6, 16).role(), Role::kLearner);
  EXPECT_EQ(Placement(config, 0, 16).first_learner(), 6);
  EXPECT_EQ(Placement(config, 0, 16).learners(), 10);
  EXPECT_TRUE(Placement({}, 2, 3).generates() && Placement({}, 2, 3).scores() &&
              Placement({}, 2, 3).learns());
}

TEST(Placement, ShowsTheArithmeticWhenTheWorldDoesNotFit) {
  try {
    Placement({.rollout = 4, .reward = 2, .learner = 10}, 0, 12);
    ADD_FAILURE() << "expected an error";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "placement: 4 rollout + 2 reward + 10 learner = 16 ranks, but the world has 12: "
                 "start 16 ranks, or set "
                 "placement.learner=6 for 12");
  }
  EXPECT_THROW(Placement({.rollout = 4, .reward = 0, .learner = 1}, 0, 5), UsageError);
}

TEST(CheckConfig, RefusesWhatCannotWork) {
  TrainConfig config;
  EXPECT_NO_THROW(check_config(config, 4));
  config.rollout.batch = 30;
  EXPECT_THROW(check_config(config, 4), UsageError);
  config = {};
  config.rewards.compose.use = {"style"};
  EXPECT_THROW(check_config(config, 4), UsageError);
  config = {};
  config.algorithm.minibatch = 1000;
  EXPECT_THROW(check_config(config, 4), UsageError);
}

}  // namespace
}  // namespace alarm_dist

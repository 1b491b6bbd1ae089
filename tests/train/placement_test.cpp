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

void expect_refused(const TrainConfig& config, const std::string& what) {
  try {
    check_config(config, 1);
    ADD_FAILURE() << "accepted; expected: " << what;
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find(what), std::string::npos) << error.what();
  }
}

TEST(CheckConfig, RefusesWhatWouldTrainNothingOrFailLater) {
  TrainConfig guarded;
  guarded.algorithm.ratio_guard = 0.5;
  expect_refused(guarded, "algorithm.ratio_guard: 0.5 would stop every update");
  TrainConfig bare;
  bare.policy.lora.targets.clear();
  expect_refused(bare, "policy.adapter.lora.targets");
  TrainConfig bound;
  bound.algorithm.kl_bound = 10;
  bound.algorithm.on_kl_bound = OnKlBound::kRollback;
  EXPECT_NO_THROW(check_config(bound, 1));
  bound.checkpoint.every = 0;
  expect_refused(bound, "checkpoint.every is 0");
  TrainConfig dated;
  dated.task.date = "yesterday";
  expect_refused(dated, "date 'yesterday'");
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

// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/algorithm.hpp"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

using ::testing::HasSubstr;

AlgorithmConfig of_kind(const std::string& kind) { return {.kind = kind}; }

TEST(Algorithm, EveryNameIsAPresetThatHoldsTogether) {
  for (const auto& name : algorithm_names()) EXPECT_NO_THROW(resolve_algorithm(of_kind(name)));
}

TEST(Algorithm, PresetsAreAsPublished) {
  const auto grpo = resolve_algorithm(of_kind("grpo"));
  EXPECT_EQ(grpo.advantage, AdvantageKind::kGroupNormalized);
  EXPECT_EQ(grpo.aggregation, Aggregation::kSequenceMeanTokenMean);
  EXPECT_EQ(grpo.kl_placement, KlPlacement::kLoss);
  EXPECT_EQ(grpo.kl_estimator, KlEstimator::kK3);
  EXPECT_FALSE(grpo.has_critic());

  const auto dapo = resolve_algorithm(of_kind("dapo"));
  EXPECT_DOUBLE_EQ(dapo.clip.low, 0.2);
  EXPECT_DOUBLE_EQ(dapo.clip.high, 0.28);
  EXPECT_EQ(dapo.aggregation, Aggregation::kTokenMean);

  EXPECT_EQ(resolve_algorithm(of_kind("rloo")).loss, PolicyLossKind::kSequence);
  EXPECT_EQ(resolve_algorithm(of_kind("dr_grpo")).aggregation, Aggregation::kFixedLength);
  EXPECT_TRUE(resolve_algorithm(of_kind("ppo")).has_critic());

  const auto selm = resolve_algorithm(of_kind("selm"));
  EXPECT_EQ(selm.first_sample, FirstSample::kGreedy);
  EXPECT_EQ(selm.reference.kind, ReferenceKind::kReset);
  EXPECT_EQ(resolve_algorithm(of_kind("dpo")).first_sample, FirstSample::kSampled);
}

TEST(Algorithm, OverridesAreTaken) {
  auto config = of_kind("grpo");
  config.clip = 0.1;
  config.kl_estimator = KlEstimator::kK2;
  config.aggregation = Aggregation::kTokenMean;

  const auto algorithm = resolve_algorithm(config);

  EXPECT_EQ(algorithm.kl_estimator, KlEstimator::kK2);
  EXPECT_EQ(algorithm.aggregation, Aggregation::kTokenMean);
  EXPECT_DOUBLE_EQ(algorithm.clip.high, 0.1);
}

struct Impossible {
  const char* kind;
  std::function<void(AlgorithmConfig&)> change;
  const char* reason;
};

TEST(Algorithm, WhatDoesNotGoTogetherIsRefusedWithTheReason) {
  const std::vector<Impossible> cases{
      {"grop", [](auto&) {}, "expected one of ppo, grpo"},
      {"grpo", [](auto& c) { c.advantage = AdvantageKind::kGae; }, "grpo has no critic"},
      {"ppo", [](auto& c) { c.advantage = AdvantageKind::kLeaveOneOut; }, "learns from its critic"},
      {"rloo", [](auto& c) { c.value_trains_trunk = true; }, "no critic whose loss"},
      {"grpo", [](auto& c) { c.critic.model = "folder"; }, "grpo has no critic"},
      {"ppo",
       [](auto& c) {
         c.critic.model = "folder";
         c.value_trains_trunk = true;
       },
       "does not reach the policy"},
      {"etpo", [](auto& c) { c.advantage = AdvantageKind::kGae; }, "cannot be changed"},
      {"etpo", [](auto& c) { c.loss = PolicyLossKind::kToken; }, "etpo has its own"},
      {"etpo", [](auto& c) { c.advantage = AdvantageKind::kGroupCentred; }, "cannot be changed"},
      {"etpo", [](auto& c) { c.whiten = WhitenScope::kGlobal; }, "has no advantages"},
      {"etpo", [](auto& c) { c.kl_placement = KlPlacement::kReward; }, "the divergence itself"},
      {"etpo", [](auto& c) { c.gamma = 0.99; }, "nothing is discounted"},
      {"etpo", [](auto& c) { c.kl.coef = 0; }, "temperature of its optimum"},
      {"etpo", [](auto& c) { c.clip_high = 0.28; }, "no ratio to clip"},
      {"etpo", [](auto& c) { c.ratio_guard = 3; }, "no ratio to guard"},
      {"etpo", [](auto& c) { c.old_logprobs = OldLogprobs::kSampled; }, "denominator"},
      {"etpo", [](auto& c) { c.filter_truncated = true; }, "which was cut ends there"},
      {"etpo", [](auto& c) { c.critic.target_decay = 1; }, "never let the target follow"},
      {"ppo", [](auto& c) { c.critic.lora.rank = 4; }, "no model for it"},
      {"selm", [](auto& c) { c.dynamic_sampling = true; }, "samples all have one reward, too"},
      {"kto", [](auto& c) { c.preference.first_sample = FirstSample::kGreedy; },
       "not drawn from it"},
      {"etpo", [](auto& c) { c.reference.kind = ReferenceKind::kReset; }, "expected frozen"},
      {"etpo", [](auto& c) { c.entropy_coef = 0.1; }, "has no bonus"},
      {"etpo", [](auto& c) { c.dynamic_sampling = true; }, "compares them"},
      {"etpo", [](auto& c) { c.data = StepData::kReferences; }, "learns from rollouts"},
      {"etpo", [](auto& c) { c.correction.kind = CorrectionKind::kMasked; }, "policy gradient"},
      {"ppo", [](auto& c) { c.loss = PolicyLossKind::kSequenceMean; }, "one advantage a response"},
      {"grpo", [](auto& c) { c.kl_estimator = KlEstimator::kK1; }, "gradient 0 on average"},
      {"ppo", [](auto& c) { c.kl_gradient = KlLossGradient::kRatio; }, "kl.gradient: of a KL term"},
      {"grpo", [](auto& c) { c.kl_ratio_cap = 2; }, "only kl.gradient ratio_weighted"},
      {"grpo", [](auto& c) { c.whiten_epsilon = 1; }, "whiten_epsilon: only whiten global"},
      {"dpo", [](auto& c) { c.preference.scale = LogprobScale::kMean; }, "scale: only ipo"},
      {"dpo", [](auto& c) { c.preference.noise = LabelNoise::kRobust; }, "with label_smoothing"},
      {"ppo", [](auto& c) { c.correction.normalize = true; }, "only a correction.kind other"},
      {"kto",
       [](auto& c) {
         c.preference.desirable_weight = 0;
         c.preference.undesirable_weight = 0;
       },
       "nothing would be learned"},
      {"etpo", [](auto& c) { c.kl_level = KlLevel::kResponse; }, "the divergence itself"},
      {"grpo", [](auto& c) { c.kl_level = KlLevel::kResponse; }, "expected kl.placement loss"},
      {"ppo",
       [](auto& c) {
         c.correction.kind = CorrectionKind::kTruncated;
         c.old_logprobs = OldLogprobs::kSampled;
       },
       "corrected already"},
      {"grpo", [](auto& c) { c.preference.first_sample = FirstSample::kGreedy; },
       "a greedy sample is not one of the policy"},
      {"dpo",
       [](auto& c) {
         c.preference.first_sample = FirstSample::kGreedy;
         c.data = StepData::kReferences;
       },
       "nothing is sampled"},
      {"ppo", [](auto& c) { c.dual_clip = 0.5; }, "more than 1"},
      {"ppo", [](auto& c) { c.critic.target_decay = 0.9; }, "target_decay: only etpo reads it"},
      {"grpo", [](auto& c) { c.critic.huber_delta = 1; }, "huber_delta: only etpo reads it"},
      {"grpo", [](auto& c) { c.preference.beta = 0.1; }, "beta: only a loss of preferences"},
      {"dpo", [](auto& c) { c.preference.margin = 1; }, "margin: only simpo"},
      {"dpo", [](auto& c) { c.preference.alpha = 1; }, "alpha: only selm"},
      {"simpo", [](auto& c) { c.preference.desirable_weight = 2; }, "desirable_weight: only kto"},
      {"dpo", [](auto& c) { c.preference.undesirable_weight = 2; }, "only kto"},
      {"grpo", [](auto& c) { c.gamma = 0.9; }, "gamma: only advantage gae or reward_to_go"},
      {"ppo", [](auto& c) { c.group_epsilon = 1; }, "group_epsilon: only advantage group_normal"},
      {"grpo", [](auto& c) { c.whiten_variance = Variance::kBiased; }, "only whiten global"},
      {"grpo", [](auto& c) { c.whiten_rewards = true; }, "whiten_rewards: only advantage gae"},
      {"dpo", [](auto& c) { c.clip_high = 0.3; }, "clip_high: only a policy gradient"},
      {"sft", [](auto& c) { c.dual_clip = 2; }, "dual_clip: only a policy gradient"},
      {"dpo", [](auto& c) { c.ratio_guard = 2; }, "ratio_guard: only a policy gradient"},
      {"ppo", [](auto& c) { c.reference.decay = 0.5; },
       "decay: only reference.kind moving_average"},
      {"ppo", [](auto& c) { c.reference.every = 2; }, "every: only reference.kind reset"},
      {"ppo", [](auto& c) { c.correction.low = 0.1; }, "low: only correction.kind masked"},
      {"ppo", [](auto& c) { c.correction.high = 3; }, "high: only a correction.kind other"},
      {"ppo", [](auto& c) { c.correction.by_sequence = true; }, "by_sequence: only correction"}};
  for (const auto& impossible : cases) {
    auto config = of_kind(impossible.kind);
    impossible.change(config);
    try {
      resolve_algorithm(config);
      ADD_FAILURE() << impossible.reason << ": not refused";
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr(impossible.reason));
    }
  }
}

}  // namespace
}  // namespace alarm_dist

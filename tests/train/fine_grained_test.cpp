// SPDX-License-Identifier: Apache-2.0
// Fine-grained PPO: an update against an independent implementation
// (tests/golden/make_component_update.py), and the cases in which it is PPO as ever.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/comm/world.hpp"
#include "alarm/train/learner.hpp"

#include "support/tabular_lm.hpp"
#include "support/temp_dir.hpp"
#include "train/components.hpp"

namespace alarm_dist::testing {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

const Json& golden() {
  static const Json file =
      Json::parse(read_file(source_dir() / "tests/data/train/component_update.json"));
  return file;
}

at::Tensor table(const Json& rows) {
  std::vector<double> numbers;
  for (const auto& row : rows)
    for (const double number : row) numbers.push_back(number);
  return at::tensor(numbers, at::kDouble).view({std::ssize(rows), -1});
}

at::Tensor row(const Json& numbers) {
  return at::tensor(numbers.get<std::vector<double>>(), at::kDouble);
}

ComponentConfig component(std::size_t c) {
  const Json& terms = golden()["terms"];
  return {.name = golden()["names"][c],
          .weight = terms["weight"][c],
          .kl = terms["kl"][c].get<double>(),
          .gamma = terms["gamma"][c].get<double>(),
          .lambda = terms["lambda"][c].get<double>()};
}

TrainConfig plain_config() {
  const Json& settings = golden()["settings"];
  TrainConfig config;
  config.run.steps = 1;
  config.rollout.batch = config.rollout.samples_per_prompt = std::ssize(golden()["responses"]);
  config.rollout.sampling.max_new_tokens = 3;
  config.rewards.compose.kind = Composition::kWeightedSum;
  config.rewards.compose.use = {"evidence", "grammar"};
  auto& algorithm = config.algorithm;
  algorithm.minibatch = config.rollout.batch;
  algorithm.epochs = settings["epochs"];
  algorithm.clip = settings["clip"];
  algorithm.value_clip = settings["value_clip"];
  algorithm.value_coef = settings["value_coef"];
  algorithm.early_stop_kl = 0;
  algorithm.kl = {.coef = settings["coef"], .target = 0};
  config.optimizer.kind = OptimizerKind::kSgd;
  config.optimizer.beta1 = 0;
  config.optimizer.lr = settings["lr"];
  config.optimizer.critic_lr = settings["critic_lr"];
  config.optimizer.max_grad_norm = 0;
  return config;
}

TrainConfig golden_config() {
  auto config = plain_config();
  config.algorithm.fine_grained.values = ComponentValues::kEach;
  for (std::size_t c = 0; c < 3; ++c)
    config.algorithm.fine_grained.components.push_back(component(c));
  return config;
}

struct Samples {
  std::vector<Rollout> rollouts;
  std::vector<ComposedReward> rewards;
};

Samples golden_samples() {
  Samples samples;
  for (const auto& response : golden()["responses"]) {
    Rollout rollout;
    rollout.sample_id = static_cast<std::uint32_t>(samples.rollouts.size());
    rollout.prompt = {response["prompt"].get<std::int64_t>()};
    rollout.prompt_group = rollout.prompt.front();
    rollout.response = response["tokens"].get<std::vector<std::int64_t>>();
    rollout.policy_logprobs.assign(rollout.response.size(), 0.0F);
    ComposedReward reward;
    reward.rewards.assign(rollout.response.size(), 0.0);
    for (std::size_t c = 0; c < 3; ++c) {
      const auto added = response["rewards"][c].get<std::vector<double>>();
      reward.by_component[golden()["names"][c]] = added;
      for (std::size_t t = 0; t < added.size(); ++t) reward.rewards[t] += added[t];
    }
    samples.rollouts.push_back(std::move(rollout));
    samples.rewards.push_back(std::move(reward));
  }
  return samples;
}

// What an update leaves.
struct Outcome {
  at::Tensor table_NV, weight, bias;
};

at::Tensor leaf(const NamedTensors& tensors, const std::string& name) {
  for (const auto& [candidate, tensor] : tensors)
    if (candidate == name) return tensor;
  throw Error("no leaf " + name);
}

// The head begins as given, where it is.
Outcome update(const TrainConfig& config, const Json* head, int ranks = 1) {
  const TabularShape shape{.prompts = 2, .vocabulary = 4, .response_tokens = 3, .eos_token = 3};
  Outcome outcome;
  run_thread_world(ranks, [&](World& world) {
    const TabularLm policy(PrefixTree(shape), table(golden()["start"]["table"]),
                           table(golden()["start"]["reference"]));
    auto& all = world.communicator();
    Learner learner(policy, {.host = &all, .device = &all}, config);
    auto weight = leaf(learner.critic_weights(), "value_head.weight");
    auto bias = leaf(learner.critic_weights(), "value_head.bias");
    if (head != nullptr) {
      const at::NoGradGuard no_grad;
      weight.copy_(table((*head)["weight"]));
      bias.copy_(row((*head)["bias"]));
    }
    const auto samples = golden_samples();
    learner.update(0, samples.rollouts, samples.rewards);
    if (world.rank() == 0) outcome = {policy.table_NV().detach(), weight.detach(), bias.detach()};
  });
  return outcome;
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

TEST(FineGrained, AnUpdateEqualsNumpys) {
  for (const int ranks : {1, 2, 4}) {
    auto config = golden_config();
    config.learner.micro_tokens = ranks == 2 ? 5 : 1 << 20;

    const auto found = update(config, &golden()["start"], ranks);

    const Json& end = golden()["end"];
    EXPECT_LT(distance(found.table_NV, table(end["table"])), 1e-12) << ranks << " ranks";
    EXPECT_LT(distance(found.weight, table(end["weight"])), 1e-12) << ranks << " ranks";
    EXPECT_LT(distance(found.bias, row(end["bias"])), 1e-12) << ranks << " ranks";
    EXPECT_GT(distance(found.table_NV, table(golden()["start"]["table"])), 1e-2);
  }
}

TEST(FineGrained, AdvantagesEqualNumpys) {
  const auto samples = golden_samples();
  const auto components = resolve_components(golden_config());
  std::vector<at::Tensor> parts;
  for (const auto& reward : samples.rewards) parts.push_back(component_rewards(reward, components));
  ASSERT_EQ(components.names, golden()["names"].get<std::vector<std::string>>());

  const auto rewards_TC = at::cat(parts);

  std::int64_t begin = 0;
  for (const auto& response : golden()["responses"]) {
    const auto expected_TC = table(response["rewards"]).t();
    EXPECT_LT(distance(rewards_TC.narrow(0, begin, expected_TC.size(0)), expected_TC), 1e-15);
    begin += expected_TC.size(0);
  }
}

// Equal discounts and equal values: from a head of zeros the first epoch's policy step is that of
// one critic.
TEST(FineGrained, WithEqualTermsTheFirstStepIsThatOfPpo) {
  auto each = plain_config(), one = plain_config();
  each.algorithm.epochs = one.algorithm.epochs = 1;
  each.algorithm.fine_grained.values = ComponentValues::kEach;

  const auto apart = update(each, nullptr), whole = update(one, nullptr);

  EXPECT_LT(distance(apart.table_NV, whole.table_NV), 1e-12);
  EXPECT_LT(distance(apart.weight.sum(0), whole.weight.squeeze(0)), 1e-12);
}

TEST(FineGrained, WithASharedValueEqualSharesAreThePenaltyOfOneReward) {
  auto shared = plain_config();
  shared.algorithm.fine_grained.components = {{.name = "evidence"}};

  const auto apart = update(shared, nullptr), whole = update(plain_config(), nullptr);

  EXPECT_LT(distance(apart.table_NV, whole.table_NV), 1e-12);
  EXPECT_LT(distance(apart.weight, whole.weight), 1e-12);
}

TEST(FineGrained, WhatIsNoComponentCountsForTheHolisticOne) {
  const auto components = resolve_components(golden_config());
  ComposedReward reward;
  reward.rewards = {0.5, -2};
  reward.by_component = {{"overlong", {0, -3}}, {"holistic", {0, 1}}, {"grammar", {0.5, 0}}};

  const auto rewards_TC = component_rewards(reward, components);

  EXPECT_LT(
      distance(rewards_TC, at::tensor({0.0, 0.0, 0.5, -2.0, 0.0, 0.0}, at::kDouble).view({2, 3})),
      1e-15);
  reward.by_component.erase("grammar");
  EXPECT_THROW(component_rewards(reward, components), Error);
}

void expect_refused(const TrainConfig& config, const char* reason) {
  try {
    resolve_components(config);
    ADD_FAILURE() << reason << ": not refused";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr(reason));
  }
}

TEST(FineGrained, WhatDoesNotGoTogetherIsRefused) {
  auto config = golden_config();
  config.algorithm.kind = "grpo";
  expect_refused(config, "grpo does not use");

  config = golden_config();
  config.algorithm.fine_grained.components.front().name = "fluency";
  expect_refused(config, "expected one of holistic, evidence, grammar");

  config = golden_config();
  config.algorithm.fine_grained.values = ComponentValues::kShared;
  expect_refused(config, "set values: each");

  config = golden_config();
  config.algorithm.kl_placement = KlPlacement::kNone;
  expect_refused(config, "the KL term is not in the reward");

  EXPECT_FALSE(resolve_components(plain_config()).asked_for());
}

}  // namespace
}  // namespace alarm_dist::testing

// SPDX-License-Identifier: Apache-2.0
// The critic over the vocabulary, some rows at a time, against the formulas of alarm/rl/etpo.hpp on
// whole tables.
#include "train/q_critic.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "alarm/rl/etpo.hpp"

#include "support/tabular_lm.hpp"

namespace alarm_dist::testing {
namespace {

constexpr double kTemperature = 0.7, kBeta = 0.3;

at::Tensor wave(std::int64_t rows, std::int64_t columns, double frequency) {
  return at::sin(frequency * at::arange(rows * columns, at::kDouble)).view({rows, columns});
}

// Responses of one token to one prompt: all rows are its state.
struct World {
  explicit World(std::int64_t vocabulary)
      : tree({.prompts = 1, .vocabulary = vocabulary, .response_tokens = 1}),
        reference_NV(wave(1, vocabulary, 0.3)),
        base_NV(wave(1, vocabulary, 1.7)),
        policy(tree, wave(1, vocabulary, 0.9), reference_NV),
        model(tree, base_NV, base_NV) {
    config.rollout.sampling.temperature = kTemperature;
    config.algorithm.critic.target_decay = 0.75;
    config.algorithm.critic.huber_delta = 0.5;
  }

  ResponseBatch respond(std::int64_t count) const {
    std::vector<std::vector<std::int64_t>> responses;
    for (std::int64_t i = 0; i < count; ++i) responses.push_back({7 * i % tree.shape().vocabulary});
    ResponseBatch batch;
    batch.add(std::vector<std::int64_t>{0}, responses);
    return batch;
  }
  void move_model() const {
    const at::NoGradGuard no_grad;
    at::Tensor table_NV = model.table_NV();
    table_NV.add_(wave(1, tree.shape().vocabulary, 2.3));
  }
  at::Tensor log_distribution(const at::Tensor& logits_NV) const {
    return at::log_softmax(logits_NV / kTemperature, -1);
  }
  CriticView view(const ResponseBatch& responses) const {
    return {responses, response_states(policy, responses, Adapter::kOn)};
  }

  PrefixTree tree;
  at::Tensor reference_NV, base_NV;
  TabularLm policy, model;
  TrainConfig config;
  KlController kl{{.coef = kBeta, .target = 0}};
};

TEST(QCritic, BeginsAtZeroSoThatAStateIsWorthItsDivergence) {
  const World world(5);
  const QCritic critic(world.policy, world.model, world.config, world.kl);
  const auto responses = world.respond(3);
  const auto log_p = world.log_distribution(world.policy.table_NV().detach());
  const auto log_q = world.log_distribution(world.reference_NV);
  const double divergence = (log_p.exp() * (log_p - log_q)).sum().item<double>();

  const auto values_T = critic.values(world.view(responses));

  EXPECT_GT(divergence, 0.1);
  EXPECT_TRUE(at::allclose(values_T, at::full({3}, -kBeta * divergence, at::kDouble), 1e-12, 0));
}

// 3000 tokens: 1048 rows go at a time.
TEST(QCritic, ImprovesByTheFormulaHoweverManyRowsGoAtATime) {
  const World world(3000);
  world.move_model();
  const QCritic critic(world.policy, world.model, world.config, world.kl);
  const auto responses = world.respond(1100);
  const auto weights_T = wave(1, 1100, 0.1).flatten();
  const auto zeros_T = at::zeros({1100}, at::kDouble);
  const auto loss = critic.loss(world.view(responses), {zeros_T, zeros_T});

  const auto [terms_T, logprobs_T] = critic.improvement(world.view(responses), loss);
  (terms_T * weights_T).sum().backward();
  const auto gradient = world.policy.table_NV().grad().clone();

  const auto table_NV = world.policy.table_NV().detach().clone().requires_grad_();
  const auto expected = etpo_policy_terms(world.log_distribution(table_NV),
                                          world.log_distribution(world.reference_NV),
                                          world.model.table_NV().detach() - world.base_NV, kBeta);
  (expected * weights_T.sum()).sum().backward();
  EXPECT_TRUE(at::allclose(terms_T, expected.detach().expand({1100}), 1e-12, 0));
  const auto taken_T = at::tensor(responses.targets(), at::kLong);
  EXPECT_TRUE(at::allclose(
      logprobs_T, world.log_distribution(table_NV).detach().flatten().index_select(0, taken_T),
      1e-12, 0));
  EXPECT_LT(((gradient - table_NV.grad()).norm() / table_NV.grad().norm()).item<double>(), 1e-12);
}

TEST(QCritic, LearnsTheTokensTakenAndNothingOfThePolicy) {
  const World world(5);
  world.move_model();
  const QCritic critic(world.policy, world.model, world.config, world.kl);
  const auto responses = world.respond(2);  // tokens 0 and 2
  const auto q_V = (world.model.table_NV().detach() - world.base_NV).flatten();
  const auto taken_T = at::stack({q_V[0], q_V[2]});

  // Within delta and beyond it.
  const auto loss =
      critic.loss(world.view(responses),
                  {.values_T = {}, .returns_T = taken_T + at::tensor({0.25, -3.0}, at::kDouble)});
  loss.sum.backward();

  EXPECT_NEAR(loss.sum.item<double>(), 0.25 * 0.25 / 2 + 0.5 * (3 - 0.25), 1e-12);
  const auto expected = at::tensor({-0.25, 0.0, 0.5, 0.0, 0.0}, at::kDouble);
  EXPECT_TRUE(at::allclose(world.model.table_NV().grad().flatten(), expected, 1e-12, 1e-12));
  EXPECT_FALSE(world.policy.table_NV().grad().defined());
}

TEST(QCritic, ValuesAreThoseOfATargetThatFollows) {
  const World world(5);
  QCritic critic(world.policy, world.model, world.config, world.kl);
  const auto responses = world.respond(1);
  const double before = critic.values(world.view(responses)).item<double>();
  world.move_model();
  const auto moved_V = (world.model.table_NV().detach() - world.base_NV).flatten();
  const auto p_V = world.log_distribution(world.policy.table_NV().detach()).exp().flatten();

  EXPECT_EQ(critic.values(world.view(responses)).item<double>(), before);
  critic.follow();

  EXPECT_NEAR(critic.values(world.view(responses)).item<double>(),
              before + 0.25 * (p_V * moved_V).sum().item<double>(), 1e-12);
  ASSERT_EQ(critic.weights().size(), 2U);
  EXPECT_TRUE(
      at::allclose(critic.weights()[1].second.flatten(), world.base_NV.flatten() + 0.25 * moved_V));
}

}  // namespace
}  // namespace alarm_dist::testing

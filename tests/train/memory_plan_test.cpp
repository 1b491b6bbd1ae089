// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/memory_plan.hpp"

#include <gtest/gtest.h>

namespace alarm_dist {
namespace {

TrainConfig small_config() {
  TrainConfig config;
  config.policy.lora.rank = 2;
  config.rollout = {.batch = 8, .samples_per_prompt = 2, .group_size = 4, .sampling = {}};
  config.rollout.sampling.max_new_tokens = 10;
  config.algorithm.minibatch = 8;
  config.learner.micro_tokens = 4096;
  config.evaluate.group_size = 1;
  return config;
}

MemoryFacts small_facts() {
  CausalLmShape shape;
  shape.layers = 3;
  shape.hidden = 8;
  shape.heads = 2;
  shape.kv_heads = 1;
  shape.head_size = 4;
  shape.feed_forward = 16;
  shape.vocabulary = 100;
  return {.policy = shape,
          .weight_bytes = 1000,
          .element_bytes = 2,
          .trained_parameters = 500,
          .longest_prompt = 30};
}

// In bfloat16. A row keeps in a layer two float32 sums of 8 and 2 log-sum-exps, and in two bytes
// two norms' outputs, 16 rotated, 8 attended, 3 * 16 of the feed-forward part and 7 * 2 of the
// adapters; one layer at work takes 2 * 8 floats and 16 + 6 * 16 elements a row.
TEST(MemoryPlan, CountsTheActivationsOfTheLargestMicroBatch) {
  const double saved = 4 * (2 * 8 + 2) + 2 * (2 * 8 + 16 + 8 + 3 * 16 + 7 * 2);
  const double working = 4 * 2 * 8 + 2 * (16 + 6 * 16);
  const double logits = 200.0 * 100 * (2 * 4 + 2);

  const auto plan = plan_memory(small_config(), small_facts(), 1);

  // Four prompts of a mini-batch, each with two responses.
  const auto& rank = plan.ranks.at(0);
  EXPECT_EQ(rank.update_rows, 4 * (30 + 2 * 10));
  EXPECT_DOUBLE_EQ(rank.update, 200 * (3 * saved + working) + logits);
  // Keys and values of two prompts and four responses; computing the prompts; logits of four rows.
  EXPECT_DOUBLE_EQ(rank.generation, (60 + 40) * 2 * 3 * 4 * 2 + 60 * working + 4 * 100 * 12);
  EXPECT_DOUBLE_EQ(rank.trained, 500 * (4 + 4 + 4 + 4 + 2));
}

// The weight, its gradient and two moments in float32 at least, and in bfloat16 once more to
// compute with; the gradient of the head and a part of it, and pieces of logits with their
// gradient.
TEST(MemoryPlan, CountsEveryWeightWhereAllAreTrained) {
  auto config = small_config();
  config.policy.train = "full";
  const auto rank_of = [&](std::int64_t element_bytes) {
    auto facts = small_facts();
    facts.element_bytes = element_bytes;
    return plan_memory(config, facts, 1).ranks.at(0);
  };

  EXPECT_DOUBLE_EQ(rank_of(2).trained, 500 * (4 * 4 + 2));
  EXPECT_DOUBLE_EQ(rank_of(4).trained, 500 * 4 * 4);
  EXPECT_DOUBLE_EQ(rank_of(8).trained, 500 * 4 * 8);
  const double saved = 4 * (2 * 8 + 2) + 2 * (2 * 8 + 16 + 8 + 3 * 16);
  const double working = 4 * 2 * 8 + 2 * (16 + 6 * 16);
  EXPECT_DOUBLE_EQ(rank_of(2).update,
                   200 * (3 * saved + working) + 2 * 4 * 100 * 8 + 3 * 4 * 200.0 * 100);
}

// Learners keep a reference that has an adapter of its own; every rank what it started from.
TEST(MemoryPlan, CountsTheCopiesOfTheAdapterThatTrainingStartsFrom) {
  auto config = small_config();
  const auto adapter = [&] { return plan_memory(config, small_facts(), 1).ranks.at(0).trained; };
  const double fresh = adapter();

  config.policy.adapter = "somewhere";
  EXPECT_DOUBLE_EQ(adapter() - fresh, 500 * (4 + 4));
  config.algorithm.reference.kind = ReferenceKind::kBase;
  EXPECT_DOUBLE_EQ(adapter() - fresh, 500 * 4);
  config.policy.adapter.clear();
  EXPECT_DOUBLE_EQ(adapter(), fresh);
}

// A word of the tokenizer is 500 bytes; products are prepared in bfloat16 on processors only; an
// entropy with a gradient has two more float32 terms, where there was a product's input before.
TEST(MemoryPlan, CountsWhatTheTypeAndTheVocabularyTake) {
  auto config = small_config();
  auto facts = small_facts();
  const auto narrow = plan_memory(config, facts, 1).ranks.at(0);
  config.algorithm.entropy_coef = 0.1;
  const auto with_entropy = plan_memory(config, facts, 1).ranks.at(0);
  facts.element_bytes = 4;
  facts.policy.vocabulary += 1000;

  const auto wide = plan_memory(config, facts, 1).ranks.at(0);

  EXPECT_DOUBLE_EQ(narrow.prepared, 256 * 0.56e6);
  EXPECT_EQ(wide.prepared, 0);
  EXPECT_DOUBLE_EQ(wide.program - narrow.program, 1000 * 500);
  EXPECT_DOUBLE_EQ(with_entropy.update - narrow.update, 200.0 * 100 * (2 * 4 - 2));
}

TEST(MemoryPlan, SharesMiniBatchesAmongLearnersAndCutsThemByTheBudget) {
  auto config = small_config();
  EXPECT_EQ(plan_memory(config, small_facts(), 2).ranks.at(1).update_rows, 2 * 50);
  EXPECT_EQ(plan_memory(config, small_facts(), 3).ranks.at(2).update_rows, 2 * 50);
  EXPECT_EQ(plan_memory(config, small_facts(), 5).ranks.at(3).update_rows, 50);
  EXPECT_EQ(plan_memory(config, small_facts(), 5).ranks.at(4).update_rows, 0);  // four prompts

  config.learner.micro_tokens = 64;
  EXPECT_EQ(plan_memory(config, small_facts(), 1).ranks.at(0).update_rows, 64);
  config.learner.micro_tokens = 20;  // less than one sample
  EXPECT_EQ(plan_memory(config, small_facts(), 1).ranks.at(0).update_rows, 40);
}

TEST(MemoryPlan, GivesEachRoleItsPhasesOnly) {
  auto config = small_config();
  config.placement = {.rollout = 1, .reward = 1, .learner = 1};
  auto facts = small_facts();
  facts.encoders.push_back({.layers = 2, .hidden = 4, .feed_forward = 8, .weight_bytes = 600});

  const auto plan = plan_memory(config, facts, 3);

  EXPECT_GT(plan.ranks[0].generation, 0);
  EXPECT_EQ(plan.ranks[0].update + plan.ranks[0].scoring + plan.ranks[0].encoders, 0);
  EXPECT_DOUBLE_EQ(plan.ranks[1].encoders, 300);  // cast from float32
  EXPECT_DOUBLE_EQ(plan.ranks[1].scoring, 4096 * 2 * (5 * 4 + 2 * 8));
  EXPECT_EQ(plan.ranks[1].generation + plan.ranks[1].update, 0);
  EXPECT_GT(plan.ranks[2].update, 0);
  EXPECT_EQ(plan.ranks[2].generation + plan.ranks[2].encoders, 0);
}

TEST(MemoryPlan, RanksShareTheWeightsOfADecoderThatScores) {
  auto facts = small_facts();
  const auto without = plan_memory(small_config(), facts, 2);
  facts.encoders.push_back(
      {.layers = 2, .hidden = 4, .feed_forward = 8, .weight_bytes = 600, .mapped = true});

  const auto plan = plan_memory(small_config(), facts, 2);

  EXPECT_DOUBLE_EQ(plan.shared - without.shared, 600);
  EXPECT_EQ(plan.ranks[1].encoders, 0);
  EXPECT_DOUBLE_EQ(plan.ranks[1].scoring, 4096 * (2 * (5 * 4 + 3 * 8) + 2 * 4 * 4));
}

TEST(MemoryPlan, MapsWeightsOnceANodeAndTakesTheLargestPhase) {
  auto facts = small_facts();
  const auto one = plan_memory(small_config(), facts, 1);
  const auto four = plan_memory(small_config(), facts, 4);
  facts.weight_bytes += 5000;
  const auto larger = plan_memory(small_config(), facts, 4);

  EXPECT_DOUBLE_EQ(one.node(), one.shared + one.ranks[0].total());
  EXPECT_DOUBLE_EQ(four.node(), four.shared + 4 * four.ranks[0].total());
  EXPECT_DOUBLE_EQ(larger.node() - four.node(), 5000);
  EXPECT_DOUBLE_EQ(one.ranks[0].total(), one.ranks[0].program + one.ranks[0].prepared +
                                             one.ranks[0].trained + one.ranks[0].update);
}

// Policy and critic take turns with their activations; what is trained of them is there at once.
TEST(MemoryPlan, CountsACriticOfItsOwnOnLearnersOnly) {
  auto config = small_config();
  config.placement = {.rollout = 1, .reward = 1, .learner = 1};
  config.algorithm.critic = {.model = "folder", .lora = {.rank = 2}};
  auto facts = small_facts();
  const auto without = plan_memory(config, facts, 3);
  facts.critic = {.shape = facts.policy, .weight_bytes = 700, .trained_parameters = 60};

  const auto equal = plan_memory(config, facts, 3);
  facts.critic->shape.layers = 300;
  const auto deep = plan_memory(config, facts, 3);

  EXPECT_DOUBLE_EQ(equal.shared, without.shared + 700);
  EXPECT_DOUBLE_EQ(equal.ranks[2].critic, 60 * (4 + 4 + 4 + 4 + 2));
  EXPECT_DOUBLE_EQ(equal.ranks[2].update, without.ranks[2].update);
  EXPECT_DOUBLE_EQ(equal.ranks[2].total(), without.ranks[2].total() + equal.ranks[2].critic);
  EXPECT_DOUBLE_EQ(deep.ranks[2].update, 200.0 * (300 * 276 + 288));  // as above, no logits
  EXPECT_EQ(equal.ranks[0].critic + equal.ranks[1].critic, 0);
}

// Of etpo: a target of its adapter in float32 beside what is trained, and six float32 matrices over
// the vocabulary where others have two and one in bfloat16.
TEST(MemoryPlan, CountsTheTargetAndTheDistributionsOfACriticOverTheVocabulary) {
  auto config = small_config();
  auto facts = small_facts();
  facts.critic = {.shape = facts.policy, .weight_bytes = 700, .trained_parameters = 60};
  config.algorithm.critic = {.model = "folder", .lora = {.rank = 2}};
  const auto values = plan_memory(config, facts, 1).ranks.at(0);
  config.algorithm.kind = "etpo";

  const auto q_values = plan_memory(config, facts, 1).ranks.at(0);

  EXPECT_DOUBLE_EQ(q_values.critic, 60 * (4 + 4 + 4 + 4 + 2 + 4));
  EXPECT_DOUBLE_EQ(q_values.update - values.update, 200.0 * 100 * (6 * 4 - (2 * 4 + 2)));
}

TEST(MemoryPlan, CountsRewardModelsThatAreTrainedFirst) {
  RewardModelRecipe recipe;
  recipe.kind = "preference";
  recipe.batch = 2;
  recipe.max_tokens = 50;
  recipe.micro_tokens = 100000;
  auto facts = small_facts();
  facts.encoders.push_back(
      {.layers = 2, .hidden = 4, .feed_forward = 8, .weight_bytes = 600, .to_train = &recipe});

  const auto plan = plan_memory(small_config(), facts, 1);

  // Weights, gradients and moments in float32, weights once more in two bytes; 2 groups of 6 texts.
  EXPECT_DOUBLE_EQ(plan.ranks[0].reward_model_training,
                   600 * 4.5 + 2 * 6 * 50 * 2 * 2 * (9 * 4 + 2 * 8));
}

}  // namespace
}  // namespace alarm_dist

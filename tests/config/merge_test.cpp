// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "config/example.hpp"

namespace alarm_dist::testing {
namespace {

const ConfigSource kBase = {"base.yaml", R"(
seed: 1
optimizer: {kind: sgd, lr: 0.5}
tags: [a, b]
lora: {rank: 4}
placement: {rollout: 2, learner: 3}
rewards: {aspects: {one: {weight: 1, source: s}, two: {weight: 2}}}
)"};

TEST(ConfigMerge, LaterSourcesWinKeyByKey) {
  const auto c = read({kBase, {"over.yaml", "optimizer: {lr: 0.25}\ntags: [c]\n"}});

  EXPECT_EQ(c.seed, 1);
  EXPECT_EQ(c.kind, Kind::kSgd);
  EXPECT_EQ(c.lr, 0.25);
  EXPECT_EQ(c.tags, std::vector<std::string>{"c"});
}

TEST(ConfigMerge, OverridesComeLastInTheirOrder) {
  const auto c = read({kBase}, {"optimizer.lr=1e-5", "seed=2", "seed=3", "tags=[x, y]", "name=a b",
                                "rewards.aspects.one.weight=7", "lora={rank: 2}", "a.b.c.deep=1"});

  EXPECT_EQ(c.lr, 1e-5);
  EXPECT_EQ(c.seed, 3);
  EXPECT_EQ(c.tags, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(c.name, "a b");
  EXPECT_EQ(c.aspects.at("one"), (Aspect{7, "s"}));
  EXPECT_EQ(c.rank, 2);
  EXPECT_EQ(c.deep, 1);
}

TEST(ConfigMerge, NamedSectionsMergeByName) {
  const auto c = read({kBase, {"over.yaml", "rewards: {aspects: {three: {}, one: {source: t}}}"}});

  EXPECT_EQ(c.aspect_names, (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_EQ(c.aspects.at("one"), (Aspect{1, "t"}));
}

TEST(ConfigMerge, NothingTakesANamedEntryAway) {
  const ConfigSource over = {"over.yaml", "rewards:\n  aspects:\n    one: ~\n"};

  EXPECT_EQ(read({kBase, over}).aspect_names, std::vector<std::string>{"two"});
  EXPECT_EQ(read({kBase}, {"rewards.aspects.two=~"}).aspect_names, std::vector<std::string>{"one"});
  EXPECT_EQ(read({kBase}, {"rewards.aspects=~"}).aspect_names, std::vector<std::string>{});
  EXPECT_EQ(read({{"f.yaml", "rewards: {aspects: {grammar: ~}}"}}).aspect_names,
            std::vector<std::string>{});
  // What comes back starts from the defaults.
  const auto c = read({kBase, over, {"third.yaml", "rewards: {aspects: {one: {source: u}}}"}});
  EXPECT_EQ(c.aspect_names, (std::vector<std::string>{"two", "one"}));
  EXPECT_EQ(c.aspects.at("one"), (Aspect{1, "u"}));
}

TEST(ConfigMerge, TakingAwayWhatIsNotThereIsAnError) {
  EXPECT_EQ(message({kBase, {"over.yaml", "\nrewards: {aspects: {won: ~}}"}}),
            "over.yaml:2: rewards.aspects.won: expected a mapping, got nothing; ~ takes away the "
            "entry of an earlier "
            "source, and none has it");
}

TEST(ConfigMerge, NothingTakesAnOptionalSectionAway) {
  EXPECT_TRUE(read({kBase}).lora);
  EXPECT_TRUE(read({kBase, {"over.yaml", "lora:  # rank: 2\n"}}).lora);  // says nothing
  EXPECT_FALSE(read({kBase}, {"lora=~"}).lora);
  const auto again = read({kBase}, {"lora=~", "lora={}"});
  EXPECT_TRUE(again.lora);
  EXPECT_EQ(again.rank, 16);
}

TEST(ConfigMerge, AWordReplacesAMappingAndBack) {
  const auto word = read({kBase}, {"placement=spread"});
  EXPECT_EQ(word.placement, "spread");
  EXPECT_EQ(word.rollout, 1);

  const auto mapping = read({kBase}, {"placement=spread", "placement.learner=5"});
  EXPECT_EQ(mapping.placement, "");
  EXPECT_EQ(mapping.rollout, 1);
  EXPECT_EQ(mapping.learner, 5);
}

TEST(ConfigMerge, MessagesNameTheSourceThatIsWrong) {
  EXPECT_EQ(message({kBase, {"over.yaml", "\n\noptimizer:\n  lr: 2\n"}}),
            "over.yaml:4: optimizer.lr: expected a number in (0, 1], got '2'");
  EXPECT_EQ(message({{"base.yaml", "sed: 1"}, {"over.yaml", "seed: 1"}}),
            "base.yaml:1: sed: unknown key; did you mean 'seed'?");
}

}  // namespace
}  // namespace alarm_dist::testing

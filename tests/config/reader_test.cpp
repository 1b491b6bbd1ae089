// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gtest/gtest.h>

#include "config/example.hpp"

namespace alarm_dist::testing {
namespace {

TEST(ConfigReader, KeepsDefaultsWithoutSources) {
  Example expected;
  expected.aspects["grammar"] = {};

  EXPECT_EQ(read(std::vector<ConfigSource>{}), expected);
  EXPECT_EQ(read(""), expected);
  EXPECT_EQ(read("# only a comment\n"), expected);
  EXPECT_EQ(read("---\n...\n"), expected);
  EXPECT_EQ(read("optimizer:\nrewards:\n"), expected);
}

TEST(ConfigReader, ReadsEveryKindOfField) {
  const auto c = read(R"(
name: "a: run"
seed: 0x10
optimizer: {kind: sgd, lr: 1e-3, betas: [0, .5], schedule: linear}
verbose: true
bound: .inf
tags: [x, "y, z", 3]
sizes:
  - 1
  - 2
lora: {rank: 8}
placement: {rollout: 2, learner: 3}
rewards:
  aspects:
    relevance: {weight: -1, source: model}
    length: {}
a: {b: {c: {deep: -2.5e+1}}}
)");

  EXPECT_EQ(c.name, "a: run");
  EXPECT_EQ(c.seed, 16);
  EXPECT_EQ(c.kind, Kind::kSgd);
  EXPECT_EQ(c.lr, 1e-3);
  EXPECT_EQ(c.betas, (std::vector<double>{0, 0.5}));
  EXPECT_EQ(c.schedule, "linear");
  EXPECT_TRUE(c.verbose);
  EXPECT_EQ(c.bound, std::numeric_limits<double>::infinity());
  EXPECT_EQ(c.tags, (std::vector<std::string>{"x", "y, z", "3"}));
  EXPECT_EQ(c.sizes, (std::vector<std::int64_t>{1, 2}));
  EXPECT_TRUE(c.lora);
  EXPECT_EQ(c.rank, 8);
  EXPECT_EQ(c.placement, "");
  EXPECT_EQ(c.rollout, 2);
  EXPECT_EQ(c.learner, 3);
  EXPECT_EQ(c.aspect_names, (std::vector<std::string>{"relevance", "length"}));
  EXPECT_EQ(c.aspects.at("relevance"), (Aspect{-1, "model"}));
  EXPECT_EQ(c.aspects.at("length"), Aspect{});
  EXPECT_EQ(c.deep, -25);
}

TEST(ConfigReader, ReadsPlainScalarsAsTextWhereTextIsExpected) {
  EXPECT_EQ(read("name: 16").name, "16");
  EXPECT_EQ(read("name: true").name, "true");
  EXPECT_EQ(read("name: 1_000").name, "1_000");
  EXPECT_EQ(read("name: \"\"").name, "");
  EXPECT_EQ(read("name: 'null'").name, "null");
  EXPECT_EQ(read("name: |\n  two\n  lines\n").name, "two\nlines\n");
  EXPECT_EQ(read("name: größe 模型").name, "größe 模型");
}

TEST(ConfigReader, ResolvesAnchorsAndAliases) {
  const auto c = read(R"(
rewards:
  aspects:
    one: &shared {weight: &w 3, source: s}
    two: *shared
bound: *w
)");

  EXPECT_EQ(c.aspects.at("two"), (Aspect{3, "s"}));
  EXPECT_EQ(c.bound, 3);
}

TEST(ConfigReader, TakesAWordOrAMapping) {
  EXPECT_EQ(read("placement: spread").placement, "spread");
  EXPECT_EQ(read("placement: {}").placement, "");
  EXPECT_EQ(read("seed: 1").placement, "colocated");
}

TEST(ConfigReader, ReadsDeepNesting) {
  std::string text;
  for (int depth = 0; depth < 3; ++depth)
    text += std::string(2 * depth, ' ') + std::string(1, "abc"[depth]) + ":\n";
  text += "      deep: 7\n";

  EXPECT_EQ(read(text).deep, 7);
}

TEST(ConfigReader, ReadsTheBoundsOfAnInteger) {
  EXPECT_EQ(read("seed: 9223372036854775807").seed, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(read("seed: +7").seed, 7);
  EXPECT_EQ(read("seed: 0o17").seed, 15);
}

}  // namespace
}  // namespace alarm_dist::testing

// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/example.hpp"

namespace alarm_dist::testing {
namespace {

using ::testing::HasSubstr;

std::string write(Example example) {
  return write_config([&](FieldVisitor& v) { describe(v, example); });
}

TEST(ConfigWriter, WritesEveryKey) {
  EXPECT_EQ(write(read("sizes: [3, 4]\nlora: {}\n")), R"(name: run
seed: 42
optimizer:
  kind: adamw
  lr: 0.0001
  betas: [0.9, 0.999]
  schedule: constant
verbose: false
bound: 1
tags: [a]
sizes: [3, 4]
lora:
  rank: 16
placement: colocated
rewards:
  aspects:
    grammar:
      weight: 1
      source: ""
a:
  b:
    c:
      deep: 0
)");
}

TEST(ConfigWriter, ReadsBackToTheSameValues) {
  auto c = read(R"(
bound: .inf
placement: {rollout: 7}
rewards: {aspects: {"odd name": {weight: 1e-300}, "1": {weight: -0.0}}}
)");
  c.lr = 0.1 + 0.2;
  c.deep = 1e-5 / 3;
  c.tags = {"true",        "~",         "1e3",   "",     "a b", "x: y", "quo\"te",
            "back\\slash", "new\nline", "tab\t", "\x01", "ü",   "#",    "-"};
  c.name = "null";

  EXPECT_EQ(read(write(c)), c);
}

TEST(ConfigWriter, WritesEmptyAndAbsentMappings) {
  auto c = read("rewards: {aspects: ~}");

  EXPECT_THAT(write(c), HasSubstr("\n  aspects: {}\n"));
  EXPECT_THAT(write(c), HasSubstr("\nlora: ~\n"));
  EXPECT_EQ(read(write(c)), c);
}

TEST(ConfigWriter, TakesAwayTheNamesThatOnlyTheConfigBelowHas) {
  const std::string below = "rewards: {aspects: {fluency: {weight: 2}, length: {weight: 3}}}";
  auto base = read(below);
  const std::vector<ConfigSource> sources{{"below", below},
                                          {"above", "rewards: {aspects: {fluency: ~, tone: {}}}"}};
  auto c = read(sources);

  const auto text = write_config([&](FieldVisitor& v) { describe(v, c); },
                                 [&](FieldVisitor& v) { describe(v, base); });

  EXPECT_THAT(text, HasSubstr("\n    fluency: ~\n"));
  EXPECT_EQ(read({{"below", below}, {"written", text}}), c);
  EXPECT_EQ(c.aspect_names, (std::vector<std::string>{"length", "tone"}));
}

TEST(ConfigDocumenter, WritesATableASection) {
  Example example;

  const auto text = document_config([&](FieldVisitor& v) { describe(v, example); });

  EXPECT_THAT(text,
              ::testing::StartsWith("| Key | Type | Default | Meaning |\n|---|---|---|---|\n"
                                    "| `name` | text | `run` | Name of the run. |\n"
                                    "| `seed` | integer >= 0 | `42` | Seed of all draws. |\n"));
  EXPECT_THAT(text, HasSubstr("## `optimizer`\n\nHow weights move.\n\n| Key |"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "| `kind` | `adamw`, `sgd` | `adamw` | Which optimizer. |\n"
          "| `lr` | number in (0, 1] | `0.0001` | Learning rate. |\n"
          "| `betas` | list of numbers in [0, 1) | `[0.9, 0.999]` | Decay of the moments. |\n"));
  EXPECT_THAT(text, HasSubstr("Course of the learning rate \\| a pipe."));
  EXPECT_THAT(
      text,
      HasSubstr(
          "| `placement` | `colocated`, `spread` or a mapping | `colocated` | Who runs where. |"));
  EXPECT_THAT(
      text,
      HasSubstr("## `lora`\n\nLow-rank adapter. May be absent (`~`); by default it is absent.\n"));
  EXPECT_THAT(
      text, HasSubstr("#### `rewards.aspects.<name>`\n\nAspect rewards. By default: `grammar`.\n"));
  EXPECT_THAT(text, HasSubstr("#### `a.b.c`\n\n| Key |"));
}

}  // namespace
}  // namespace alarm_dist::testing

// SPDX-License-Identifier: Apache-2.0
// Exact messages: they are what the user sees.
#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/example.hpp"

namespace alarm_dist::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using std::string_view_literals::operator""sv;

TEST(ConfigBadInput, NamesUnknownKeys) {
  EXPECT_EQ(message("seed: 1\n\noptimizer:\n  lrr: 1\n"),
            "f.yaml:4: optimizer.lrr: unknown key; did you mean 'lr'?");
  EXPECT_EQ(message("optimizer: {momentum: 1}"),
            "f.yaml:1: optimizer.momentum: unknown key; known here: kind, lr, betas, schedule");
  EXPECT_EQ(message("Seed: 1"), "f.yaml:1: Seed: unknown key; did you mean 'seed'?");
  EXPECT_EQ(message("rewards:\n  aspects:\n    x: {wieght: 1}"),
            "f.yaml:3: rewards.aspects.x.wieght: unknown key; did you mean 'weight'?");
  EXPECT_EQ(message("a: {b: {c: {deeper: 1}}}"),
            "f.yaml:1: a.b.c.deeper: unknown key; did you mean 'deep'?");
  EXPECT_EQ(message("lora: {rnk: 1}"), "f.yaml:1: lora.rnk: unknown key; did you mean 'rank'?");
  EXPECT_EQ(
      message("zzzzzz: 1"),
      "f.yaml:1: zzzzzz: unknown key; known here: name, seed, optimizer, verbose, bound, tags, "
      "sizes, lora, placement, rewards, a");
}

TEST(ConfigBadInput, NamesASectionThatIsToBeTakenAway) {
  const std::string rest =
      "; it cannot be taken away: set its keys, or leave it out. What it holds: How weights move.";
  for (const char* null : {"~", "null", "Null", "NULL"}) {
    EXPECT_EQ(message(fmt::format("name: x\noptimizer: {}\nseed: 1", null)),
              "f.yaml:2: optimizer: expected keys of the section, got nothing" + rest);
  }
  for (const char* written : {"\xEF\xBB\xBFoptimizer: ~", "optimizer: &a ~\nname: x"}) {
    EXPECT_EQ(message(written),
              "f.yaml:1: optimizer: expected keys of the section, got nothing" + rest);
  }
  EXPECT_EQ(message("optimizer: {}"),
            "f.yaml:1: optimizer: expected keys of the section, got an empty mapping" + rest);
  EXPECT_EQ(message("{name: x, optimizer: ~, seed: 1}"),
            "f.yaml:1: optimizer: expected keys of the section, got nothing" + rest);
  for (const char* value : {"~", "{}", ""}) {
    EXPECT_THAT(message(std::vector<ConfigSource>{}, {fmt::format("optimizer={}", value)}),
                AllOf(StartsWith(fmt::format("--set optimizer={}: optimizer: expected keys of the "
                                             "section, got ",
                                             value)),
                      HasSubstr(rest)));
  }
  EXPECT_THAT(message("a: {b: ~}"), HasSubstr("a.b: expected keys of the section, got nothing"));
  EXPECT_THAT(message("placement: ~"), HasSubstr("What it holds: Ranks a role."));
}

TEST(ConfigBadInput, LeavesASectionWithoutAWordBehindIt) {
  EXPECT_EQ(message("optimizer:\nname: null\nrewards:  # none\n"),
            "f.yaml:2: name: expected text, got nothing; write \"\" for no text");
  EXPECT_EQ(read("rewards:\noptimizer:\n  # lr: 1\nname: x\na:\n").name, "x");
  EXPECT_EQ(read("optimizer:\n\nname: nullify\n").name, "nullify");
}

TEST(ConfigBadInput, NamesWrongTypes) {
  EXPECT_EQ(message("optimizer:\n  lr: abc"),
            "f.yaml:2: optimizer.lr: expected a number in (0, 1], got 'abc'");
  EXPECT_EQ(message("optimizer: {lr: '1e-4'}"),
            "f.yaml:1: optimizer.lr: expected a number in (0, 1], got the text \"1e-4\"");
  EXPECT_EQ(message("optimizer: {lr: }"),
            "f.yaml:1: optimizer.lr: expected a number in (0, 1], got nothing");
  EXPECT_EQ(message("optimizer: {lr: {x: 1}}"),
            "f.yaml:1: optimizer.lr: expected a number in (0, 1], got a mapping");
  EXPECT_EQ(message("seed: [1]"), "f.yaml:1: seed: expected an integer >= 0, got a list");
  EXPECT_EQ(message("verbose: yes"), "f.yaml:1: verbose: expected true or false, got 'yes'");
  EXPECT_EQ(message("verbose: 'true'"),
            "f.yaml:1: verbose: expected true or false, got the text \"true\"");
  EXPECT_EQ(message("verbose: 1"), "f.yaml:1: verbose: expected true or false, got '1'");
  EXPECT_EQ(message("name: ~"),
            "f.yaml:1: name: expected text, got nothing; write \"\" for no text");
  EXPECT_EQ(message("name: [a]"), "f.yaml:1: name: expected text, got a list");
  EXPECT_EQ(message("tags: a"), "f.yaml:1: tags: expected a list, got 'a'");
  EXPECT_EQ(message("tags:\n- a\n- [b]"), "f.yaml:3: tags: expected text, got a list");
  EXPECT_EQ(message("optimizer: 3"), "f.yaml:1: optimizer: expected a mapping, got '3'");
  EXPECT_EQ(message("optimizer: [lr]"), "f.yaml:1: optimizer: expected a mapping, got a list");
  EXPECT_EQ(message("lora: true"), "f.yaml:1: lora: expected a mapping, got 'true'");
  EXPECT_EQ(message("rewards: {aspects: [x]}"),
            "f.yaml:1: rewards.aspects: expected a mapping, got a list");
  EXPECT_EQ(message("rewards: {aspects: {x: 1}}"),
            "f.yaml:1: rewards.aspects.x: expected a mapping, got '1'");
}

TEST(ConfigBadInput, ReadsNumbersStrictly) {
  EXPECT_EQ(message("seed: 1_000"), "f.yaml:1: seed: expected an integer >= 0, got '1_000'");
  EXPECT_EQ(message("seed: 1.0"), "f.yaml:1: seed: expected an integer >= 0, got '1.0'");
  EXPECT_EQ(message("seed: 1e3"), "f.yaml:1: seed: expected an integer >= 0, got '1e3'");
  EXPECT_EQ(message("seed: 12 apples"),
            "f.yaml:1: seed: expected an integer >= 0, got '12 apples'");
  EXPECT_EQ(message("seed: 0x1G"), "f.yaml:1: seed: expected an integer >= 0, got '0x1G'");
  EXPECT_EQ(message("seed: 0x-1"), "f.yaml:1: seed: expected an integer >= 0, got '0x-1'");
  EXPECT_EQ(message("seed: +-1"), "f.yaml:1: seed: expected an integer >= 0, got '+-1'");
  EXPECT_EQ(message("seed: 9223372036854775808"),
            "f.yaml:1: seed: expected an integer >= 0, got '9223372036854775808', which 64 bits "
            "cannot hold");
  EXPECT_EQ(message("bound: 1e999"),
            "f.yaml:1: bound: expected a number >= 0, got '1e999', which no double can hold");
  EXPECT_EQ(message("bound: .nan"), "f.yaml:1: bound: expected a number >= 0, got '.nan'");
  EXPECT_EQ(message("bound: inf"), "f.yaml:1: bound: expected a number >= 0, got 'inf'");
  EXPECT_EQ(message("bound: 1e"), "f.yaml:1: bound: expected a number >= 0, got '1e'");
  EXPECT_EQ(message("bound: ."), "f.yaml:1: bound: expected a number >= 0, got '.'");
  EXPECT_EQ(message("a: {b: {c: {deep: .inf}}}"),
            "f.yaml:1: a.b.c.deep: expected a number, got '.inf', which is not finite");
}

TEST(ConfigBadInput, NamesValuesOutOfRange) {
  EXPECT_EQ(message("seed: -1"), "f.yaml:1: seed: expected an integer >= 0, got '-1'");
  EXPECT_EQ(message("optimizer: {lr: 0}"),
            "f.yaml:1: optimizer.lr: expected a number in (0, 1], got '0'");
  EXPECT_EQ(message("optimizer: {lr: 1.5}"),
            "f.yaml:1: optimizer.lr: expected a number in (0, 1], got '1.5'");
  EXPECT_EQ(message("optimizer: {betas: [0.9, 1]}"),
            "f.yaml:1: optimizer.betas: expected a number in [0, 1), got '1'");
  EXPECT_EQ(message("bound: -.inf"), "f.yaml:1: bound: expected a number >= 0, got '-.inf'");
  EXPECT_EQ(message("optimizer: {betas: [0.9]}"),
            "f.yaml:1: optimizer.betas: expected two numbers");
}

TEST(ConfigBadInput, NamesTheWordsThatAreAllowed) {
  EXPECT_EQ(
      message("optimizer: {kind: adam}"),
      "f.yaml:1: optimizer.kind: expected one of adamw, sgd, got 'adam'; did you mean 'adamw'?");
  EXPECT_EQ(message("optimizer: {kind: {}}"),
            "f.yaml:1: optimizer.kind: expected one of adamw, sgd, got an empty mapping");
  EXPECT_EQ(message("placement: split"),
            "f.yaml:1: placement: expected one of colocated, spread or a mapping, got 'split'");
  EXPECT_EQ(message("placement: [1]"),
            "f.yaml:1: placement: expected one of colocated, spread or a mapping, got a list");
}

TEST(ConfigBadInput, NamesDuplicateKeys) {
  EXPECT_EQ(message("seed: 1\nname: x\nseed: 2\n"),
            "f.yaml:3: seed: duplicate key, first at f.yaml:1");
  EXPECT_EQ(message("optimizer:\n  lr: 1\n  lr: 1\n"),
            "f.yaml:3: optimizer.lr: duplicate key, first at f.yaml:2");
}

TEST(ConfigBadInput, NamesWhatIsNotAMappingOfWords) {
  EXPECT_EQ(message("just text"),
            "f.yaml:1: expected a mapping of keys to values, got 'just text'");
  EXPECT_EQ(message("\n- 1\n- 2\n"), "f.yaml:2: expected a mapping of keys to values, got a list");
  EXPECT_EQ(message("seed:1"), "f.yaml:1: expected a mapping of keys to values, got 'seed:1'");
  EXPECT_EQ(message("? [a]\n: 1\n"), "f.yaml:1: expected a word as key, got a list");
  EXPECT_EQ(message("~: 1\n"), "f.yaml:1: expected a word as key, got nothing");
  EXPECT_EQ(message("seed: 1\n---\nseed: 2\n"),
            "f.yaml:3: expected one YAML document, got a second one");
  EXPECT_EQ(message("seed: !!int 1"),
            "f.yaml:1: tags are not supported, got 'tag:yaml.org,2002:int'");
}

TEST(ConfigBadInput, NamesTheLineOfASyntaxError) {
  EXPECT_EQ(message("seed: 1\nname: a: b\n"), "f.yaml:2: not valid YAML: illegal map value");
  EXPECT_THAT(message("seed: 1\ntags: [a, b\n"), StartsWith("f.yaml:2: not valid YAML: "));
  EXPECT_EQ(message("seed: 1\nname: \"open\n\n"),
            "f.yaml:2: not valid YAML: a quote opens here and never closes");
  EXPECT_EQ(message("seed: 1\ntags: [a, 'b]"),
            "f.yaml:2: not valid YAML: a quote opens here and never closes");
  EXPECT_THAT(message("optimizer:\n  lr: 1\n kind: sgd\n"),
              StartsWith("f.yaml:3: not valid YAML: "));
  EXPECT_THAT(message("optimizer:\n\tlr: 1\n"), StartsWith("f.yaml:2: not valid YAML: "));
  EXPECT_THAT(message("bound: *nowhere\n"), StartsWith("f.yaml:1: not valid YAML: "));
  EXPECT_EQ(message("seed: 1\nname: \xff\n"), "f.yaml:2: not valid UTF-8: byte 0xff");
}

TEST(ConfigBadInput, SurvivesHostileNesting) {
  EXPECT_THAT(message("tags: " + std::string(100'000, '[')), HasSubstr("not valid YAML"));
  EXPECT_EQ(message("tags: &x [*x]"), "f.yaml:1: an alias stands inside the value that it names");
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    bomb += fmt::format("a{}: &a{} [", i, i);
    for (int j = 0; j < 9; ++j) bomb += fmt::format("*a{}, ", i - 1);
    bomb += "x]\n";
  }
  EXPECT_THAT(message(bomb), HasSubstr("more than 100000 values once the aliases are resolved"));
}

// Whatever is done to the text: it is read, or a UsageError says where it is wrong.
TEST(ConfigBadInput, SurvivesRandomDamage) {
  const std::string text =
      "name: \"a: run\"\nseed: 0x10\noptimizer: {lr: 1e-3, betas: &b [0, .5]}\ntags: ['x', *b]\n"
      "rewards:\n  aspects:\n    one: {weight: -1}\n    two: ~\na: {b: {c: {deep: |\n  1\n}}}\n";
  const std::string_view bytes = "{}[]:,&*!|>'\"%@`#-?~ \n\t\\\0\xff\xe2"sv;
  std::uint64_t state = 1;
  const auto draw = [&state](std::size_t below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>(state >> 33) % below;
  };
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = text.substr(0, draw(text.size()) + 1);
    for (std::size_t n = draw(4); n > 0; --n)
      damaged[draw(damaged.size())] = bytes[draw(bytes.size())];

    const auto said = message(damaged);

    ASSERT_TRUE(said == "no error" || said.starts_with("f.yaml:")) << damaged << "\n" << said;
  }
}

TEST(ConfigBadInput, NamesOverrides) {
  const std::vector<ConfigSource> sources = {{"f.yaml", "seed: 1\n"}};

  EXPECT_EQ(message(sources, {"optimizer.lr=abc"}),
            "--set optimizer.lr=abc: optimizer.lr: expected a number in (0, 1], got 'abc'");
  EXPECT_EQ(message(sources, {"optimizer.lrr=1"}),
            "--set optimizer.lrr=1: optimizer.lrr: unknown key; did you mean 'lr'?");
  EXPECT_EQ(message(sources, {"optimizr.lr=1"}),
            "--set optimizr.lr=1: optimizr: unknown key; did you mean 'optimizer'?");
  EXPECT_EQ(message(sources, {"seed"}), "--set seed: expected key=value, as in optimizer.lr=1e-5");
  EXPECT_EQ(message(sources, {"=1"}), "--set =1: a part of the key is empty");
  EXPECT_EQ(message(sources, {"optimizer..lr=1"}),
            "--set optimizer..lr=1: a part of the key is empty");
  EXPECT_EQ(message(sources, {"seed="}),
            "--set seed=: seed: expected an integer >= 0, got nothing");
  EXPECT_EQ(message(sources, {"seed.x=1"}),
            "--set seed.x=1: seed: expected an integer >= 0, got a mapping");
  EXPECT_THAT(message(sources, {"tags=[a"}), StartsWith("--set tags=[a: not valid YAML: "));
}

}  // namespace
}  // namespace alarm_dist::testing

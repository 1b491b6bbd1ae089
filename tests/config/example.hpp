// SPDX-License-Identifier: Apache-2.0
// A small config that shows every kind of field, and how the tests read it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "alarm/base/error.hpp"
#include "alarm/config/yaml.hpp"

namespace alarm_dist::testing {

enum class Kind { kAdamW, kSgd };

struct Aspect {
  double weight = 1;
  std::string source;
  bool operator==(const Aspect&) const = default;
};

struct Example {
  std::string name = "run";
  std::int64_t seed = 42;
  Kind kind = Kind::kAdamW;
  double lr = 1e-4;
  bool verbose = false;
  double bound = 1;
  std::string schedule = "constant";
  std::vector<std::string> tags = {"a"};
  std::vector<double> betas = {0.9, 0.999};
  std::vector<std::int64_t> sizes;
  bool lora = false;
  std::int64_t rank = 16;
  std::string placement = "colocated";
  std::int64_t rollout = 1;
  std::int64_t learner = 1;
  std::vector<std::string> aspect_names = {"grammar"};
  std::map<std::string, Aspect> aspects;
  double deep = 0;
  bool operator==(const Example&) const = default;
};

inline void describe(FieldVisitor& v, Example& c) {
  v.field("name", c.name, "Name of the run.");
  v.field("seed", c.seed, {.low = 0}, "Seed of all draws.");
  v.section("optimizer", "How weights move.", [&] {
    v.choice("kind", c.kind, {{"adamw", Kind::kAdamW}, {"sgd", Kind::kSgd}}, "Which optimizer.");
    v.field("lr", c.lr, {.low = 0, .high = 1, .low_open = true}, "Learning rate.");
    v.field("betas", c.betas, {.low = 0, .high = 1, .high_open = true}, "Decay of the moments.");
    v.choice("schedule", c.schedule, {"constant", "linear"},
             "Course of the learning rate | a pipe.");
    v.require(c.betas.size() == 2, "betas", "two numbers");
  });
  v.field("verbose", c.verbose, "More lines.");
  v.field("bound", c.bound, {.low = 0, .infinite = true}, "A bound.");
  v.field("tags", c.tags, "Words.");
  v.field("sizes", c.sizes, {.low = 1}, "Sizes.");
  v.optional_section("lora", c.lora, "Low-rank adapter.",
                     [&] { v.field("rank", c.rank, {.low = 1}, "Rank."); });
  v.word("placement", c.placement, {"colocated", "spread"}, "Who runs where.");
  v.section("placement", "Ranks a role.", [&] {
    v.field("rollout", c.rollout, {.low = 1}, "Rollout ranks.");
    v.field("learner", c.learner, {.low = 1}, "Learner ranks.");
  });
  v.section("rewards", "Where rewards come from.", [&] {
    v.named_sections("aspects", c.aspect_names, "Aspect rewards.", [&](const std::string& name) {
      v.field("weight", c.aspects[name].weight, {}, "Weight.");
      v.field("source", c.aspects[name].source, "Source.");
    });
  });
  v.section("a", "", [&] {
    v.section("b", "", [&] { v.section("c", "", [&] { v.field("deep", c.deep, {}, "Deep."); }); });
  });
}

inline Example read(const std::vector<ConfigSource>& sources,
                    const std::vector<std::string>& overrides = {}) {
  Example example;
  read_config(sources, overrides, [&](FieldVisitor& v) { describe(v, example); });
  return example;
}

inline Example read(const std::string& text) { return read({{"f.yaml", text}}); }

// The message of the UsageError that reading ends in.
inline std::string message(const std::vector<ConfigSource>& sources,
                           const std::vector<std::string>& overrides = {}) {
  try {
    read(sources, overrides);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

inline std::string message(const std::string& text) { return message({{"f.yaml", text}}); }

}  // namespace alarm_dist::testing

// SPDX-License-Identifier: Apache-2.0
// What a config may say about rewards: where they come from and how they become one (`rewards`).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alarm/reward/composer.hpp"
#include "alarm/reward/source.hpp"

namespace alarm_dist {

// Where a component's values come from: a reward model's folder, or a built-in.
struct SourceConfig {
  std::string kind = "model";  // model | link_grammar
  std::string model;           // folder, or the name of one under paths.reward_models
  DecoderReading decoder;      // of a model that is a decoder with a score head
};

struct HolisticConfig {
  SourceConfig source;
  std::string normalize = "measured";  // measured | none
};

struct AspectConfig {
  std::string name;
  SourceConfig source;
  Granularity granularity = Granularity::kSentence;
  double weight = 1;
  std::string normalize = "measured";
};

struct ComposeConfig {
  Composition kind = Composition::kHierarchical;
  double threshold = 0.6;
  double holistic_weight = 5;
  Shaping shaping = Shaping::kSigmoid;
  std::vector<std::string> use;
  double too_short_reward = -10;
};

// DAPO's soft punishment of responses that come near max_new_tokens (alarm/rl/overlong.hpp).
struct OverlongConfig {
  std::int64_t buffer = 0;  // tokens before max_new_tokens in which the penalty grows; 0: none
  double penalty = 1;
};

struct RewardsConfig {
  bool configured =
      true;  // false: nothing is scored; only what learns from given answers can do so
  HolisticConfig holistic;
  std::vector<AspectConfig> aspects;
  ComposeConfig compose;
  OverlongConfig overlong;
  double missing_end_penalty = 0;           // of a response that max_new_tokens cut short
  std::int64_t normalization_samples = 64;  // of the initial policy, on validation prompts
};

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// reward_model.json: what a folder with an encoder needs besides to be a reward model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "alarm/reward/input_template.hpp"
#include "alarm/reward/source.hpp"

namespace alarm_dist {

inline constexpr const char* kRewardModelCard = "reward_model.json";

// What a classifier's label is worth as a reward.
struct LabelValue {
  std::int64_t label = 0;
  double value = 0;
  friend bool operator==(const LabelValue&, const LabelValue&) = default;
};

struct RewardModelCard {
  std::string name{};
  Granularity granularity = Granularity::kResponse;  // kResponse, kSentence or kSubSentence
  InputTemplate input{};
  // Of a classifier with several labels: the reward is the value of the one among these whose logit
  // is the greatest. Empty: the logit of the only label.
  std::vector<LabelValue> labels{};
  std::string trained_on{};                  // data set, split and records, in words
  std::map<std::string, double> accuracy{};  // what was measured on held-out records, by name
  // How it was made: settings by name, as text. Empty: not known.
  std::map<std::string, std::string> recipe{};
};

// "kind" in the file is "response" or "sentence": what one sequence scores. Throws Error naming the
// file and the key.
RewardModelCard load_reward_model_card(const std::filesystem::path& dir);
void save_reward_model_card(const std::filesystem::path& dir, const RewardModelCard& card);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// reward_model.json: what a folder with an encoder needs to be a reward model, and what was measured on it.
// NOTE TO THE reward HELPER from the lead: implement this too, with exactly these names; the learned source reads it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "alarm/reward/input_template.hpp"
#include "alarm/reward/source.hpp"

namespace alarm_dist {

struct KindAccuracy {
  std::string kind;  // "other aspect", ..., "all"
  std::int64_t correct = 0;
  std::int64_t count = 0;
};

struct RewardModelInfo {
  std::string name;
  std::string kind;  // preference | evidence | groundedness
  Granularity granularity = Granularity::kResponse;
  InputTemplate input;
  std::vector<KindAccuracy> accuracy;  // on held-out records
  std::optional<double> auc;
  double seconds = 0;         // of training
  std::string trained_on;     // data sets, in words
};

inline constexpr const char* kRewardModelFile = "reward_model.json";

void write_reward_model_info(const std::filesystem::path& dir, const RewardModelInfo& info);
// Throws Error naming file and key.
RewardModelInfo read_reward_model_info(const std::filesystem::path& dir);

}  // namespace alarm_dist

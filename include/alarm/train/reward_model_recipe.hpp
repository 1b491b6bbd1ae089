// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace alarm_dist {

// How a reward model is trained when its folder is missing (`alarm-dist reward-model`).
struct RewardModelRecipe {
  std::string name;
  std::string kind = "preference";  // preference (groups, Bradley-Terry) | evidence | groundedness
                                    // (labelled sentences)
  std::string trunk;                // folder of an encoder
  std::vector<std::string> data;    // which splits of the task it learns from: train, validation
  std::int64_t epochs = 3;
  std::int64_t batch = 8;  // groups (of up to 6 texts), or labelled sentences, an optimiser step
  double lr = 3e-4;
  double weight_decay = 0.01;
  double warmup = 0.1;  // share of the steps; after it the rate falls linearly to 0
  double max_grad_norm = 1;
  std::int64_t examples = 4000;  // sentences an epoch
  std::int64_t frozen_layers = 0;
  std::string first = "{question} {response}";  // the encoder's input: first and second text
  std::string second = "{document}";
  std::int64_t max_tokens = 200;
  std::int64_t document_tokens = 96;
  std::int64_t model_written =
      150;  // responses sampled from the initial policy, as often of each sort, as rejected answers
  std::int64_t held_out = 300;  // records of the test split that accuracy is measured on; 0: all
  std::int64_t micro_tokens = 8192;
  std::string precision = "auto";
};

}  // namespace alarm_dist

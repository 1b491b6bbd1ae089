// SPDX-License-Identifier: Apache-2.0
// Everything a training run is told, as plain structs with defaults. app shows them to the YAML
// reader (src/app/bind.cpp); docs/configuration.md is made from the same description.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alarm/model/causal_lm.hpp"
#include "alarm/model/generator.hpp"
#include "alarm/train/algorithm.hpp"
#include "alarm/train/optimizer.hpp"
#include "alarm/train/reward_model_recipe.hpp"
#include "alarm/train/rewards_config.hpp"
#include "alarm/train/schedule.hpp"

namespace alarm_dist {

struct RunConfig {
  std::string name = "run";
  std::int64_t seed = 42;
  std::int64_t steps = 50;
  std::string log_level = "info";
  double collective_timeout_s = 900;
};

struct PathsConfig {
  std::string cache =
      ".cache/alarm-dist";  // dequantised and cast weights, mapped by all ranks of a node
  std::string reward_models = "models";  // reward models that the program trains, and finds again
};

struct TaskConfig {
  std::string name = "aclsum";  // aclsum | prompts
  std::string train;            // files of JSON lines
  std::string validation;       // evaluation during training
  std::string test;             // before and after
  std::vector<std::string> sections = {"abstract"};
  std::int64_t max_words = 200;     // of a document, at whole sentences; 0: all
  std::string on_error = "stop";    // stop | skip
  std::string chat = "chatml";      // chatml | model: how messages become a prompt
  std::string date = "2024-07-26";  // what chat templates are told; Llama 3's own where none is
};

struct PolicyConfig {
  std::string model;
  std::string train = "adapter";  // adapter | full
  // Of train: adapter.
  std::string adapter;  // a folder in PEFT's layout that training starts from; empty: a new one
  LoraConfig lora;      // where it starts from one, that one's
  std::string precision = "auto";  // auto | float32 | bfloat16 | float64
  std::string device = "cpu";      // cpu | cuda
  Trained trained() const { return train == "full" ? Trained::kWeights : Trained::kAdapter; }
};

struct RolloutConfig {
  std::int64_t batch = 32;  // samples a step
  std::int64_t samples_per_prompt = 4;
  std::int64_t group_size = 16;  // samples generated together
  SamplingConfig sampling;
  std::int64_t prompts() const { return batch / samples_per_prompt; }
  std::int64_t groups() const { return (batch + group_size - 1) / group_size; }
};

// An average of the trained weights over the optimiser's steps.
struct EmaConfig {
  double decay = 0;        // share of it that a step leaves; 0: none is kept
  std::int64_t start = 0;  // steps of the run before which it is the weights themselves
};

struct OptimizerConfig : OptimizerSettings {
  double lr = 2e-4;
  double critic_lr = 2e-3;  // of the critic: value head, adapter of its own trunk
  LrSchedule schedule = {};
  double max_grad_norm = 1;  // of the policy, and of the critic; 0: no clipping
  EmaConfig ema = {};
};

struct LearnerConfig {
  std::int64_t micro_tokens = 4096;  // token rows a forward pass, a rank
};

// Ranks by role; all zero: colocated, every rank plays every role.
struct PlacementConfig {
  std::int64_t rollout = 0;
  std::int64_t reward = 0;
  std::int64_t learner = 0;
  bool colocated() const { return rollout + reward + learner == 0; }
};

enum class EvaluatedWeights { kLast, kEma };

struct EvaluateConfig {
  EvaluatedWeights weights = EvaluatedWeights::kLast;
  std::int64_t every = 10;         // steps; 0: only before and after
  std::int64_t prompts = 48;       // of the validation split, during training
  std::int64_t test_prompts = 96;  // of the test split, before and after; 0: all
  std::int64_t group_size = 25;    // prompts answered together
};

struct CheckpointConfig {
  std::int64_t every = 10;  // steps; 0: only at the end
  std::int64_t keep = 2;
  std::string keep_best = "eval/reward/holistic";  // metric of the validation set, or empty
};

struct TrainConfig {
  RunConfig run;
  PathsConfig paths;
  TaskConfig task;
  PolicyConfig policy;
  RolloutConfig rollout;
  RewardsConfig rewards;
  std::vector<RewardModelRecipe> reward_models;
  AlgorithmConfig algorithm;
  OptimizerConfig optimizer;
  LearnerConfig learner;
  PlacementConfig placement;
  EvaluateConfig evaluate;
  CheckpointConfig checkpoint;
};

// What fields alone cannot say: batch divides into groups, the composition's aspects exist, roles
// fit the world... Throws UsageError that shows the arithmetic and, for a world size, the nearest
// sizes that fit.
void check_config(const TrainConfig& config, int world_size);

// Whether held-out answers of the data set are evaluated (eval/logprob): by SFT, and wherever there
// are no rewards to evaluate by.
bool measures_answers(const TrainConfig& config);

at::ScalarType parse_precision(const std::string& precision, c10::Device device);

}  // namespace alarm_dist

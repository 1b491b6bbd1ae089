// SPDX-License-Identifier: Apache-2.0
// Everything a training run is told, as plain structs with defaults. app shows them to the YAML
// reader (src/app/bind.cpp); docs/configuration.md is made from the same description.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alarm/model/causal_lm.hpp"
#include "alarm/model/generator.hpp"
#include "alarm/reward/composer.hpp"
#include "alarm/reward/source.hpp"
#include "alarm/train/algorithm.hpp"
#include "alarm/train/optimizer.hpp"
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
  LoraConfig lora;
  std::string precision = "auto";  // auto | float32 | bfloat16 | float64
  std::string device = "cpu";      // cpu | cuda
};

struct RolloutConfig {
  std::int64_t batch = 32;  // samples a step
  std::int64_t samples_per_prompt = 4;
  std::int64_t group_size = 16;  // samples generated together
  SamplingConfig sampling;
  std::int64_t prompts() const { return batch / samples_per_prompt; }
  std::int64_t groups() const { return (batch + group_size - 1) / group_size; }
};

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
  HolisticConfig holistic;
  std::vector<AspectConfig> aspects;
  ComposeConfig compose;
  OverlongConfig overlong;
  std::int64_t normalization_samples = 64;  // of the initial policy, on validation prompts
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
  double max_grad_norm = 1;  // of the policy's adapter, and of the critic; 0: no clipping
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

at::ScalarType parse_precision(const std::string& precision, c10::Device device);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// The schedule of a training run: prompts, rollouts, scores, rewards, update, weights, again
// (DESIGN 1).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "alarm/base/clock.hpp"
#include "alarm/comm/world.hpp"
#include "alarm/metrics/metrics_writer.hpp"
#include "alarm/metrics/progress.hpp"
#include "alarm/metrics/run_files.hpp"
#include "alarm/model/causal_lm.hpp"
#include "alarm/reward/panel.hpp"
#include "alarm/text/dataset.hpp"
#include "alarm/text/prompt_stream.hpp"
#include "alarm/text/tokenizer.hpp"
#include "alarm/train/checkpoint.hpp"
#include "alarm/train/config.hpp"
#include "alarm/train/evaluation.hpp"
#include "alarm/train/learner.hpp"
#include "alarm/train/run_directory.hpp"

namespace alarm_dist {

struct Datasets {
  Dataset train, validation, test;
};
Datasets load_datasets(const TrainConfig& config);

// The tokenizer must not turn any prompt into more tokens than the context holds beside the answer;
// records that do not fit stop the program or are left out, by task.on_error.
void check_prompt_lengths(Dataset& dataset, const Tokenizer& tokenizer, std::int64_t context,
                          std::int64_t max_new_tokens, OnDataError on_error);

// The same for every split of the config, and for a critic's model, which must read the policy's
// tokens: before anything is trained. Throws UsageError, the same on every rank.
void check_prompts(World& world, const TrainConfig& config);

// kStopped: a rank was asked to stop (alarm/base/stop_signal.hpp); a checkpoint holds all that was
// done.
enum class RunEnd { kDone, kStopped };

class Trainer {
 public:
  // Loads what this rank's role needs. Collective over the world. References must outlive the
  // trainer.
  Trainer(World& world, const TrainConfig& config, const RunDirectory& run);
  ~Trainer();

  // Everything from the (resumed) first step to the evaluation of the best weights; less when a
  // stop signal reaches any rank before the last step's end. Collective, the same end on all ranks.
  RunEnd run();
  std::int64_t steps_done() const { return state_.step; }
  // Digest of the trained weights, for comparing runs. Only on ranks that hold them; else empty.
  std::string weights_digest() const;

 private:
  void start_fresh();
  std::map<std::string, Statistics> measure_initial_rewards();
  void start_from(const std::filesystem::path& checkpoint);
  void train_step(std::int64_t step);
  RunEnd run_steps();
  Harvest collect(std::int64_t step);
  Harvest harvest_scored(std::int64_t step, const HarvestPlan& plan);
  Harvest replace_constant(std::int64_t step, Harvest all);
  HarvestPlan plan_rollouts(std::int64_t step, std::int64_t round) const;
  Scalars learn(std::int64_t step, const Harvest& harvested);
  ComposedReward compose(const Rollout& rollout) const;  // overlong penalty included
  Scalars update(std::int64_t step, std::span<const Rollout> rollouts,
                 std::span<const ComposedReward> rewards);
  // Of numbers that are not finite (trainer_guards.cpp). Steps are counted from 0; -1: before any.
  void report_failures(const std::string& where, std::span<const Rollout> failed) const;
  void check_scores(std::int64_t step, const std::string& where, std::span<const Rollout> rollouts,
                    std::size_t total) const;
  void probe_weights(std::int64_t step, const Rollout& probe) const;
  std::filesystem::path leave_behind(std::int64_t step, std::span<const Rollout> rollouts,
                                     std::span<const ComposedReward> rewards) const;
  void leave_behind_skipped(std::int64_t step, std::span<const Rollout> rollouts,
                            std::span<const ComposedReward> rewards) const;
  [[noreturn]] void stop_nonfinite(std::int64_t step, const std::string& what,
                                   std::span<const Rollout> rollouts,
                                   std::span<const ComposedReward> rewards) const;
  [[noreturn]] void stop_generation(const NonFiniteRollout& error) const;
  void hold_kl_bound(std::int64_t step, const Scalars& learned);
  void roll_back_to(std::int64_t step);
  std::string latest_checkpoint() const;  // empty: none; collective
  void sync_weights();
  void evaluate_validation(std::int64_t step, Scalars& metrics);
  void measure_validation(std::int64_t step, Scalars& metrics);
  void measure_validation_rewards(std::int64_t step, Scalars& metrics);
  // Runs body with the policy's weights as config.evaluate.weights says, on every rank.
  void with_evaluated_weights(const std::function<void()>& body);
  void save_checkpoint(std::int64_t step, const Harvest& harvested);
  void finish();

  Actors actors() const;
  HeldOutResult held_out(const std::string& name, const Dataset& dataset, std::int64_t prompts,
                         Adapter adapter);
  void add_reward_metrics(const Harvest& harvested, Scalars& metrics) const;
  void add_composed_metrics(const Harvest& harvested, Scalars& metrics) const;
  void add_cost_metrics(const Harvest& harvested, double step_s, const Scalars& phases,
                        Scalars& metrics);
  void write_samples(std::int64_t step, const Harvest& harvested);
  void add_answer_values(Adapter adapter, HeldOutResult& result);
  HeldOutResult test(const std::string& name, Adapter adapter);
  HeldOutResult test_initial();  // of the initial policy
  void compare_test();
  void write_comparison(const HeldOutResult& before, const HeldOutResult& after);
  bool is_root() const { return world_.rank() == 0; }
  bool is_writer() const { return world_.rank() == placement_.first_learner(); }

  World& world_;
  const TrainConfig& config_;
  const Algorithm algorithm_;
  const RunDirectory& run_;
  Placement placement_;
  Datasets data_;
  PromptStream prompts_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::unique_ptr<CausalLm> policy_, critic_;
  NamedTensors initial_;  // the adapter that the policy started from; empty: a new one
  std::unique_ptr<RewardPanel> panel_;
  std::unique_ptr<Communicator> learner_host_, learner_device_, all_device_;
  std::unique_ptr<Learner> learner_;
  std::unique_ptr<Composer> composer_;
  Checkpoints checkpoints_;
  TrainState state_;
  bool stop_ = false;  // some rank was asked to stop; the ranks agree at the end of a step
  std::int64_t layer_parameters_ = 0;  // the policy's, without embedding and logits' matrix
  double peak_flops_ = 0;              // of all ranks together, measured
  std::unique_ptr<MetricsWriter> metrics_;
  std::unique_ptr<SampleWriter> samples_;
  std::unique_ptr<Progress> progress_;
};

}  // namespace alarm_dist

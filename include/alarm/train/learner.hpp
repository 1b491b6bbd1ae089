// SPDX-License-Identifier: Apache-2.0
// The learner ranks' part of a step: reference log-probabilities and values,
// advantages, the clipped updates.
//
// Every learner rank holds the rollouts of the whole step and makes the same plan; each computes
// its share of the units, and per-token results are gathered, so that advantages and their
// whitening are the same numbers on every rank.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "alarm/base/nonfinite.hpp"
#include "alarm/comm/communicator.hpp"
#include "alarm/metrics/metrics_writer.hpp"
#include "alarm/model/causal_lm.hpp"
#include "alarm/model/response_scores.hpp"
#include "alarm/reward/composer.hpp"
#include "alarm/train/base_weights.hpp"
#include "alarm/train/batch_plan.hpp"
#include "alarm/train/config.hpp"
#include "alarm/train/optimizer.hpp"

namespace alarm_dist {

class Critic;
struct Components;
class QCritic;
class Reference;
class WeightAverage;
struct CriticLoss;
struct MicroRows;
// src/train/learner_batch.hpp
struct StepBatch;         // per-token tensors of the step, in the order of the rollouts
struct MiniBatchWeights;  // what each token counts in a mini-batch's loss
struct UpdateProgress;    // sums over the mini-batches of an update

// The learner ranks: for per-token numbers, and for gradients on the model's device. May be one and
// the same.
struct LearnerGroup {
  Communicator* host = nullptr;
  Communicator* device = nullptr;
};

class Learner {
 public:
  // The models' adapters and the critic's head are what is trained. References are borrowed and
  // must outlive the learner. critic_trunk is there where the algorithm has a critic of its own;
  // where it shares the policy's base, etpo computes that once.
  Learner(const CausalLm& policy, const LearnerGroup& group, const TrainConfig& config,
          const CausalLm* critic_trunk = nullptr, BaseWeights base = BaseWeights::kDistinct);
  ~Learner();

  // One step on the rollouts, whose composed rewards are given by sample. Collective over
  // the learner ranks. Throws NonFiniteError before the optimiser step when a reward, score, loss
  // or gradient is not finite, naming the samples, unless on_nonfinite says skip; and after it,
  // whatever that says, when the weights are not.
  Scalars update(std::int64_t step, std::span<const Rollout> rollouts,
                 std::span<const ComposedReward> rewards);

  // What is kept of the critic, its leaves and what follows them; empty without one. To load into.
  NamedTensors critic_weights() const;
  Optimizer& optimizer() { return optimizer_; }
  const Optimizer& optimizer() const { return optimizer_; }
  KlController& kl() { return kl_; }
  // Mini-batches in a row that were not finite (on_nonfinite: skip); part of a checkpoint.
  int nonfinite_in_a_row() const { return nonfinite_in_a_row_; }
  void set_nonfinite_in_a_row(int count) { nonfinite_in_a_row_ = count; }
  // Samples of the last update that on_nonfinite: skip left out, by their ids.
  const std::set<std::uint32_t>& left_out() const { return left_out_; }
  // The reference's own adapter, empty where it is the model without one. Leaves to load into.
  const NamedTensors& reference_weights() const;
  // optimizer.ema's average, the same on every learner; empty where none is kept. To load into.
  const NamedTensors& averaged_weights() const;
  // Phases of the last update in seconds: "reference", "update".
  const Scalars& times() const { return times_; }

 private:
  // And keeps what improvement needs.
  std::unique_ptr<Critic> make_critic(const CausalLm* trunk, BaseWeights base);
  Scalars learn(std::int64_t step, StepBatch batch);
  void score_batch(StepBatch& batch, const std::vector<MiniBatchPlan>& plans) const;
  void score_micro(StepBatch& batch, const MicroBatch& micro,
                   std::vector<std::int64_t>& done) const;
  void score_reference(StepBatch& batch, const MicroBatch& micro, Adapter adapter) const;
  void exchange_scores(StepBatch& batch, const std::vector<std::int64_t>& done) const;
  Advantages advantages_of(const StepBatch& batch, const std::vector<std::int64_t>& groups) const;
  void compute_advantages(StepBatch& batch, const std::vector<MiniBatchPlan>& plans) const;
  at::Tensor whitened(const at::Tensor& advantages_T, const StepBatch& batch,
                      const std::vector<MiniBatchPlan>& plans) const;
  bool run_epoch(const StepBatch& batch, const std::vector<MiniBatchPlan>& plans, double lr_scale,
                 UpdateProgress& progress);
  void run_minibatch(const StepBatch& batch, const MiniBatchPlan& plan, double lr_scale,
                     UpdateProgress& progress);
  void backward_micro(const StepBatch& batch, const MicroBatch& micro,
                      const MiniBatchWeights& weights, UpdateProgress& mini);
  void backward(const at::Tensor& loss, const StepBatch& batch, const MicroRows& rows) const;
  at::Tensor loss_of(const StepBatch& batch, const MicroBatch& micro, const MicroRows& rows,
                     const ResponseScores& scores, const MiniBatchWeights& weights,
                     UpdateProgress& mini);
  at::Tensor policy_gradient_loss(const StepBatch& batch, const MicroRows& rows,
                                  const at::Tensor& logprobs_T, const MiniBatchWeights& weights,
                                  UpdateProgress& mini);
  CriticLoss critic_loss(const StepBatch& batch, const MicroRows& rows,
                         const at::Tensor& policy_states_TD, const MiniBatchWeights& weights,
                         UpdateProgress& mini) const;
  at::Tensor improvement_loss(const StepBatch& batch, const MicroRows& rows,
                              const CriticLoss& critic, const MiniBatchWeights& weights,
                              UpdateProgress& mini) const;
  UpdateProgress sum_over_ranks(const UpdateProgress& mine, std::int64_t tokens) const;
  // A step or mini-batch that is not finite: throws, or counts, keeps the samples' ids and warns.
  void refuse(const std::string& what, std::span<const Rollout> rollouts,
              const std::vector<std::int64_t>& samples);
  Scalars pass_over(std::span<const Rollout> rollouts, const std::vector<std::int64_t>& samples,
                    const std::string& first, std::int64_t minibatches);
  void check_weights(std::int64_t step) const;
  std::int64_t prompts_a_minibatch() const;
  const std::vector<MicroBatch>& mine(const MiniBatchPlan& plan) const;  // of this rank
  std::vector<MiniBatchPlan> plan_epoch(const StepBatch& batch, std::int64_t step,
                                        std::int64_t epoch) const;
  Scalars summarize(const StepBatch& batch, const UpdateProgress& progress);
  void add_divergence(const StepBatch& batch, Scalars& all);  // and steers the coefficient by it
  void add_critic(const StepBatch& batch, const UpdateProgress& progress, Scalars& all) const;
  double fixed_length() const;

  const CausalLm& policy_;
  LearnerGroup group_;
  const TrainConfig& config_;
  Algorithm algorithm_;
  std::unique_ptr<Components> components_;  // of the reward
  KlController kl_;
  const QCritic* q_critic_ = nullptr;  // critic_, where it is one
  std::unique_ptr<Critic> critic_;     // null: the algorithm has none
  Optimizer optimizer_;
  std::unique_ptr<Reference> reference_;
  std::unique_ptr<WeightAverage> average_;
  int nonfinite_in_a_row_ = 0;
  std::set<std::uint32_t> left_out_;
  std::vector<at::Tensor> policy_parameters_, critic_parameters_;
  Scalars times_;
};

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/learner.hpp"

#include <algorithm>
#include <set>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "alarm/base/clock.hpp"
#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/base/random.hpp"
#include "alarm/rl/overlong.hpp"
#include "alarm/rl/ppo.hpp"
#include "alarm/train/schedule.hpp"
#include "alarm/train/sync.hpp"

#include "train/advantages.hpp"
#include "train/components.hpp"
#include "train/critic.hpp"
#include "train/learner_batch.hpp"
#include "train/memory.hpp"
#include "train/policy_loader.hpp"
#include "train/q_critic.hpp"
#include "train/reference.hpp"
#include "train/weight_average.hpp"

namespace alarm_dist {
namespace {

// Of each prompt, for the loss.
Sampled sampled_kept(const Algorithm& algorithm) {
  if (algorithm.loss != PolicyLossKind::kSelm) return Sampled::kNone;
  return algorithm.first_sample == FirstSample::kGreedy ? Sampled::kGreedy : Sampled::kFirst;
}

NamedTensors trained_of(const Critic* critic) {
  return critic == nullptr ? NamedTensors{} : critic->trainable();
}

}  // namespace

Learner::Learner(const CausalLm& policy, const LearnerGroup& group, const TrainConfig& config,
                 const CausalLm* critic_trunk, BaseWeights base)
    : policy_(policy),
      group_(group),
      config_(config),
      algorithm_(resolve_algorithm(config.algorithm)),
      components_(std::make_unique<Components>(resolve_components(config))),
      kl_(config.algorithm.kl),
      critic_(make_critic(critic_trunk, base)),
      optimizer_({{policy.trainable(), config.optimizer.lr},
                  {trained_of(critic_.get()), config.optimizer.critic_lr}},
                 config.optimizer),
      reference_(std::make_unique<Reference>(algorithm_.reference, policy.trainable(),
                                             initial_adapter(config))),
      average_(std::make_unique<WeightAverage>(config.optimizer.ema, policy.trainable())) {
  for (const auto& [name, parameter] : policy.trainable()) policy_parameters_.push_back(parameter);
  for (const auto& [name, parameter] : trained_of(critic_.get()))
    critic_parameters_.push_back(parameter);
}

Learner::~Learner() = default;

std::unique_ptr<Critic> Learner::make_critic(const CausalLm* trunk, BaseWeights base) {
  if (!algorithm_.has_critic()) return nullptr;
  const auto values = components_->values();
  if (!algorithm_.own_critic) return ValueCritic::on_policy(policy_, config_.algorithm, values);
  ALARM_CHECK(trunk != nullptr, "algorithm.critic.model: the critic was not loaded");
  if (!algorithm_.learns_q()) return ValueCritic::on_trunk(*trunk, config_.algorithm, values);
  auto critic = std::make_unique<QCritic>(policy_, *trunk, config_, kl_, base);
  q_critic_ = critic.get();
  return critic;
}

const NamedTensors& Learner::reference_weights() const { return reference_->weights(); }
const NamedTensors& Learner::averaged_weights() const { return average_->tensors(); }

NamedTensors Learner::critic_weights() const {
  return critic_ == nullptr ? NamedTensors{} : critic_->weights();
}

std::vector<MiniBatchPlan> Learner::plan_epoch(const StepBatch& batch, std::int64_t step,
                                               std::int64_t epoch) const {
  std::set<std::int64_t> present;
  for (const auto& rollout : batch.rollouts) present.insert(rollout.prompt_group);
  const std::vector<std::int64_t> groups(present.begin(), present.end());
  const DrawKey key{.seed = static_cast<std::uint64_t>(config_.run.seed),
                    .purpose = Purpose::kBatchOrder,
                    .step = static_cast<std::uint32_t>(step),
                    .sample = static_cast<std::uint32_t>(epoch)};
  std::vector<std::int64_t> order;
  for (const auto i : draw_permutation(key, static_cast<std::int64_t>(groups.size()))) {
    order.push_back(groups[static_cast<std::size_t>(i)]);
  }
  return plan_minibatches(batch.rollouts, order,
                          {.minibatch = config_.algorithm.minibatch,
                           .micro_tokens = config_.learner.micro_tokens,
                           .ranks = group_.host->size(),
                           .prompts = algorithm_.learns_preferences() ? prompts_a_minibatch() : 0});
}

const std::vector<MicroBatch>& Learner::mine(const MiniBatchPlan& plan) const {
  return plan.by_rank[static_cast<std::size_t>(group_.host->rank())];
}

// algorithm.minibatch counts samples as they are generated, of which a pair keeps two.
std::int64_t Learner::prompts_a_minibatch() const {
  return std::max<std::int64_t>(1,
                                config_.algorithm.minibatch / config_.rollout.samples_per_prompt);
}

// The same micro-batches as the first epoch's update, so that its first ratio is exactly 1.
void Learner::score_batch(StepBatch& batch, const std::vector<MiniBatchPlan>& plans) const {
  const at::NoGradGuard no_grad;
  std::vector<std::int64_t> done;
  for (const auto& plan : plans) {
    for (const auto& micro : mine(plan)) {
      score_micro(batch, micro, done);
    }
  }
  // SFT compares with no reference.
  if (algorithm_.loss != PolicyLossKind::kSupervised) {
    reference_->during([&](Adapter adapter) {
      for (const auto& plan : plans) {
        for (const auto& micro : mine(plan)) score_reference(batch, micro, adapter);
      }
    });
  }
  exchange_scores(batch, done);
  batch.gap_T = (batch.sampled_T - batch.old_T)
                    .abs();  // before sampled ones may take the place of recomputed ones
  if (config_.algorithm.old_logprobs == OldLogprobs::kSampled)
    batch.old_T = batch.sampled_T.clone();
}

void Learner::score_micro(StepBatch& batch, const MicroBatch& micro,
                          std::vector<std::int64_t>& done) const {
  const MicroRows rows = make_micro_rows(batch.rollouts, batch.offsets, micro);
  const auto policy =
      score_responses(policy_, rows.responses, config_.rollout.sampling.temperature, Adapter::kOn);
  rows.put(batch.old_T, policy.logprobs_T);
  rows.put(batch.entropy_T, policy.entropy_T);
  if (critic_) rows.put(batch.values_T, critic_->values({rows.responses, policy.states_TD}));
  done.insert(done.end(), rows.samples.begin(), rows.samples.end());
}

void Learner::score_reference(StepBatch& batch, const MicroBatch& micro, Adapter adapter) const {
  const MicroRows rows = make_micro_rows(batch.rollouts, batch.offsets, micro);
  const auto scores =
      score_responses(policy_, rows.responses, config_.rollout.sampling.temperature, adapter);
  rows.put(batch.reference_T, scores.logprobs_T);
}

void Learner::exchange_scores(StepBatch& batch, const std::vector<std::int64_t>& done) const {
  if (group_.host->size() == 1) return;
  const std::array<at::Tensor*, 4> tensors{&batch.old_T, &batch.entropy_T, &batch.values_T,
                                           &batch.reference_T};
  ByteWriter writer;
  for (const auto sample : done) {
    writer.put(sample);
    for (const auto* tensor : tensors) {
      const at::Tensor part = batch.of(*tensor, sample);
      writer.put_vector(
          std::span(part.const_data_ptr<double>(), static_cast<std::size_t>(part.numel())));
    }
  }
  for (const auto& bytes : gather_bytes(*group_.host, writer.bytes())) {
    ByteReader reader(bytes);
    while (!reader.at_end()) {
      const auto sample = reader.get<std::int64_t>();
      for (auto* tensor : tensors) {
        at::Tensor part = batch.of(*tensor, sample);
        part.copy_(at::tensor(reader.get_vector<double>(), at::kDouble).view_as(part));
      }
    }
  }
}

Advantages Learner::advantages_of(const StepBatch& batch,
                                  const std::vector<std::int64_t>& groups) const {
  const double coefficient =
      algorithm_.kl_placement == KlPlacement::kReward ? kl_.coefficient() : 0;
  const at::Tensor kl_T = kl_estimate(algorithm_.kl_estimator, batch.old_T, batch.reference_T);
  at::Tensor rewards_T = batch.rewards_T;
  if (components_->asked_for()) {
    const auto penalized_TC =
        penalize_components(batch.component_rewards_TC, kl_T, coefficient, components_->terms);
    if (components_->valued_each)
      return gae_by_component(penalized_TC, batch.values_T, batch.offsets, components_->terms);
    rewards_T = sum_components(penalized_TC, components_->terms);
  } else if (coefficient != 0) {
    rewards_T = rewards_T - coefficient * kl_T;
  }
  if (config_.algorithm.whiten_rewards) {
    rewards_T = whiten(rewards_T, moments(rewards_T),
                       {.variance = config_.algorithm.whiten_variance,
                        .mean = WhitenMean::kKeep,
                        .epsilon = config_.algorithm.whiten_epsilon});
  }
  return estimate_advantages(algorithm_, config_.algorithm,
                             {.rewards_T = rewards_T,
                              .values_T = batch.values_T,
                              .offsets = batch.offsets,
                              .groups = groups});
}

void Learner::compute_advantages(StepBatch& batch, const std::vector<MiniBatchPlan>& plans) const {
  const auto groups = prompt_groups(batch.rollouts);
  const auto result = advantages_of(batch, groups);
  batch.advantages_T = whitened(result.advantages_T, batch, plans);
  batch.returns_T = result.returns_T;
  const auto correction =
      correct_off_policy(config_.algorithm.correction, batch.old_T, batch.sampled_T, batch.offsets);
  batch.correction_T = correction.weights_T;
  batch.rejected = 1 - correction.kept_T.to(at::kDouble).mean().item<double>();
  batch.kept_T = correction.kept_T;
  if (config_.algorithm.filter_truncated) {
    batch.kept_T = batch.kept_T.logical_and(keep_finished(batch.offsets, batch.truncated()));
  }
  batch.constant_groups = constant_share(batch.rewards_T, batch.offsets, groups);
}

at::Tensor Learner::whitened(const at::Tensor& advantages_T, const StepBatch& batch,
                             const std::vector<MiniBatchPlan>& plans) const {
  if (algorithm_.whiten == WhitenScope::kNone) return advantages_T;
  Moments over = moments(advantages_T);
  if (algorithm_.whiten == WhitenScope::kLocal) {
    std::vector<at::Tensor> parts;
    for (const auto& plan : plans) {
      for (const auto& micro : mine(plan)) {
        const auto rows = make_micro_rows(batch.rollouts, batch.offsets, micro);
        parts.push_back(advantages_T.index_select(0, rows.tokens));
      }
    }
    if (!parts.empty()) over = moments(at::cat(parts));
  }
  return whiten(
      advantages_T, over,
      {.variance = config_.algorithm.whiten_variance, .epsilon = config_.algorithm.whiten_epsilon});
}

// False when the policy has moved so far that the remaining epochs are left out.
bool Learner::run_epoch(const StepBatch& batch, const std::vector<MiniBatchPlan>& plans,
                        double lr_scale, UpdateProgress& progress) {
  double last_kl = 0;
  for (const auto& plan : plans) {
    const double before = progress.approximate_kl;
    run_minibatch(batch, plan, lr_scale, progress);
    last_kl = (progress.approximate_kl - before) / static_cast<double>(plan.tokens);
  }
  progress.epochs += 1;
  const double bound = config_.algorithm.early_stop_kl;
  return bound <= 0 || last_kl <= 1.5 * bound;
}

Scalars Learner::update(std::int64_t step, std::span<const Rollout> rollouts,
                        std::span<const ComposedReward> rewards) {
  ALARM_CHECK(!rollouts.empty(), "step {}: no sample is left to learn from", step + 1);
  times_ = {};
  left_out_.clear();
  if (!algorithm_.learns_preferences()) {
    StepBatch batch(rollouts, rewards);
    if (components_->asked_for()) batch.take_apart(rewards, *components_);
    return learn(step, std::move(batch));
  }
  if (const auto samples = nonfinite_rewards(rewards); !samples.empty())
    return pass_over(rollouts, samples, "no pair is chosen by such rewards", 1);
  const auto pairs = select_pairs(rollouts, rewards, sampled_kept(algorithm_));
  Scalars metrics{{"preference/pairs", static_cast<double>(pairs.pairs)},
                  {"preference/without", static_cast<double>(pairs.without)}};
  if (pairs.rollouts.empty()) {
    if (group_.host->rank() == 0) {
      log::warn("step {}: no prompt has samples with different rewards, nothing was learned",
                step + 1);
    }
    reference_->follow(step);
    return metrics;
  }
  StepBatch batch(pairs.rollouts, pairs.rewards);
  batch.preferences = pairs.preferences;
  const Scalars learned = learn(step, std::move(batch));
  metrics.insert(metrics.end(), learned.begin(), learned.end());
  return metrics;
}

Scalars Learner::learn(std::int64_t step, StepBatch batch) {
  Stopwatch clock;
  auto plans = plan_epoch(batch, step, 0);
  score_batch(batch, plans);
  if (const auto samples = batch.nonfinite(); !samples.empty()) {
    return pass_over(batch.rollouts, samples, batch.name_nonfinite(samples.front()),
                     std::ssize(plans));
  }
  compute_advantages(batch, plans);
  times_ = {{"reference", clock.lap()}};

  UpdateProgress progress;
  const double scale = lr_factor(config_.optimizer.schedule, step, config_.run.steps);
  for (std::int64_t epoch = 0; epoch < config_.algorithm.epochs; ++epoch) {
    if (epoch > 0) plans = plan_epoch(batch, step, epoch);
    if (!run_epoch(batch, plans, scale, progress)) break;
  }
  optimizer_.zero_grad();
  check_weights(step);
  release_free_memory();
  reference_->follow(step);
  times_.emplace_back("update", clock.lap());
  return summarize(batch, progress);
}

}  // namespace alarm_dist

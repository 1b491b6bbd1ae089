// SPDX-License-Identifier: Apache-2.0
// A learner's mini-batch: weights, backward passes, sums over ranks, the optimiser's step, and what
// it tells about the step.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>

#include <ATen/ATen.h>

#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/rl/ppo.hpp"
#include "alarm/rl/surrogates.hpp"
#include "alarm/train/learner.hpp"
#include "alarm/train/sync.hpp"

#include "train/advantages.hpp"
#include "train/components.hpp"
#include "train/critic.hpp"
#include "train/learner_batch.hpp"
#include "train/learner_preferences.hpp"
#include "train/q_critic.hpp"
#include "train/reference.hpp"
#include "train/weight_average.hpp"

namespace alarm_dist {
namespace {

std::string name_samples(std::span<const Rollout> rollouts,
                         const std::vector<std::int64_t>& samples) {
  std::string names;
  for (const auto sample : samples)
    names += fmt::format(" {}", rollouts[static_cast<std::size_t>(sample)].sample_id);
  return names;
}

std::vector<std::int64_t> samples_of(const MiniBatchPlan& plan) {
  std::vector<std::int64_t> samples;
  for (const auto& micros : plan.by_rank) {
    for (const auto& micro : micros) {
      for (const auto& unit : micro)
        samples.insert(samples.end(), unit.samples.begin(), unit.samples.end());
    }
  }
  std::ranges::sort(samples);
  return samples;
}

double explained_variance(const at::Tensor& returns_T, const at::Tensor& values_T) {
  const double variance = returns_T.var(/*unbiased=*/false).item<double>();
  const double residual = (returns_T - values_T).var(/*unbiased=*/false).item<double>();
  return variance > 0 ? 1.0 - residual / variance : 0.0;
}

PolicyLoss policy_loss(const Algorithm& algorithm, const at::Tensor& logprobs_T,
                       const at::Tensor& old_T, const at::Tensor& advantages_T,
                       const at::Tensor& weights_T, std::span<const std::int64_t> offsets) {
  const PolicyClip& clip = algorithm.clip;
  switch (algorithm.loss) {
    case PolicyLossKind::kSequence:
      return sequence_policy_loss(logprobs_T, old_T, advantages_T, offsets, clip, weights_T);
    case PolicyLossKind::kSequenceMean:
      return gspo_policy_loss(logprobs_T, old_T, advantages_T, offsets, clip, weights_T);
    case PolicyLossKind::kCispo:
      return cispo_policy_loss(logprobs_T, old_T, advantages_T, clip, weights_T);
    default:
      break;
  }
  return ppo_policy_loss(logprobs_T, old_T, advantages_T, clip, weights_T);
}

// Token by token, in the loss.
at::Tensor kl_terms(const Algorithm& algorithm, const AlgorithmConfig& config,
                    const at::Tensor& logprobs_T, const at::Tensor& reference_T,
                    const at::Tensor& old_T) {
  KlLoss loss{.estimator = algorithm.kl_estimator, .ratio_cap = config.kl_ratio_cap};
  switch (config.kl_gradient) {
    case KlLossGradient::kOwn:
      return kl_loss_terms(logprobs_T, reference_T, loss);
    case KlLossGradient::kStraightThrough:
      loss.gradient = KlGradient::kReverseKl;
      return kl_loss_terms(logprobs_T, reference_T, loss);
    case KlLossGradient::kRatio:
      return kl_loss_terms(logprobs_T, reference_T, old_T, loss);
    case KlLossGradient::kRatioWeighted:
      loss.gradient = KlGradient::kReverseKl;
      return kl_loss_terms(logprobs_T, reference_T, old_T, loss);
  }
  throw Error("unknown gradient of the KL loss");
}

}  // namespace

double Learner::fixed_length() const {
  return static_cast<double>(config_.rollout.sampling.max_new_tokens);
}

// The micro-batch's part of the mini-batch's loss. A critic with a trunk of its own goes first and
// leaves: what autograd keeps of the two models is never there at once.
void Learner::backward_micro(const StepBatch& batch, const MicroBatch& micro,
                             const MiniBatchWeights& weights, UpdateProgress& mini) {
  const MicroRows rows = make_micro_rows(batch.rollouts, batch.offsets, micro);
  CriticLoss critic;
  if (critic_ && critic_->has_trunk()) {
    critic = critic_loss(batch, rows, {}, weights, mini);
    backward(critic.sum, batch, rows);
  }
  if (q_critic_ != nullptr)
    return backward(improvement_loss(batch, rows, critic, weights, mini), batch, rows);
  const double bonus = config_.algorithm.entropy_coef;
  const auto scores =
      score_responses(policy_, rows.responses, config_.rollout.sampling.temperature, Adapter::kOn,
                      bonus > 0 ? EntropyGradient::kYes : EntropyGradient::kNo);
  backward(loss_of(batch, micro, rows, scores, weights, mini), batch, rows);
}

void Learner::backward(const at::Tensor& loss, const StepBatch& batch,
                       const MicroRows& rows) const {
  if (!std::isfinite(loss.item<double>()) && config_.algorithm.on_nonfinite == OnNonFinite::kStop) {
    throw NonFiniteError(
        fmt::format("step {}: the loss is {} on samples{}: nothing was updated with them",
                    batch.rollouts.front().step + 1, loss.item<double>(),
                    name_samples(batch.rollouts, rows.samples)));
  }
  loss.backward();
}

at::Tensor Learner::improvement_loss(const StepBatch& batch, const MicroRows& rows,
                                     const CriticLoss& critic, const MiniBatchWeights& weights,
                                     UpdateProgress& mini) const {
  const auto states_TD = response_states(policy_, rows.responses, Adapter::kOn);
  const auto policy = q_critic_->improvement({rows.responses, states_TD}, critic);
  const auto take = [&](const at::Tensor& t) { return rows.take(t, policy.logprobs_T); };
  mini.approximate_kl += (take(batch.old_T) - policy.logprobs_T).sum().item<double>();
  at::Tensor loss = (policy.terms_T * take(weights.policy_T)).sum();
  mini.policy_loss += loss.item<double>();
  return loss;
}

at::Tensor Learner::loss_of(const StepBatch& batch, const MicroBatch& micro, const MicroRows& rows,
                            const ResponseScores& scores, const MiniBatchWeights& weights,
                            UpdateProgress& mini) {
  const auto take = [&](const at::Tensor& t) { return rows.take(t, scores.logprobs_T); };
  if (algorithm_.learns_policy_gradient()) {
    at::Tensor loss = policy_gradient_loss(batch, rows, scores.logprobs_T, weights, mini);
    if (config_.algorithm.entropy_coef > 0) {
      loss = loss - config_.algorithm.entropy_coef * (scores.entropy_T * take(weights.kl_T)).sum();
    }
    const bool joint = critic_ && !critic_->has_trunk();
    return joint ? loss + critic_loss(batch, rows, scores.states_TD, weights, mini).sum : loss;
  }
  at::Tensor loss = algorithm_.learns_preferences()
                        ? preference_loss(algorithm_, config_.algorithm.preference,
                                          {.batch = batch,
                                           .micro = micro,
                                           .policy_T = scores.logprobs_T,
                                           .reference_T = take(batch.reference_T),
                                           .offsets = rows.responses.offsets()},
                                          weights, mini)
                        : -(scores.logprobs_T * take(weights.policy_T)).sum();
  mini.policy_loss += loss.item<double>();
  return loss;
}

// With the KL term where it is a loss.
at::Tensor Learner::policy_gradient_loss(const StepBatch& batch, const MicroRows& rows,
                                         const at::Tensor& logprobs_T,
                                         const MiniBatchWeights& weights, UpdateProgress& mini) {
  const auto take = [&](const at::Tensor& t) { return rows.take(t, logprobs_T); };
  const auto policy =
      policy_loss(algorithm_, logprobs_T, take(batch.old_T), take(batch.advantages_T),
                  take(weights.policy_T), rows.responses.offsets());
  mini.policy_loss += policy.sum.item<double>();
  mini.ratio += policy.ratio_sum;
  mini.approximate_kl += policy.approximate_kl_sum;
  mini.clipped += policy.clipped;
  if (algorithm_.kl_placement != KlPlacement::kLoss || kl_.coefficient() == 0) return policy.sum;
  const auto reference_T = take(batch.reference_T);
  const auto kl =
      algorithm_.kl_level == KlLevel::kResponse
          ? response_kl_loss_terms(logprobs_T, reference_T, rows.responses.offsets())
          : kl_terms(algorithm_, config_.algorithm, logprobs_T, reference_T, take(batch.old_T));
  return policy.sum + kl_.coefficient() * (kl * take(weights.kl_T)).sum();
}

// A mean over the tokens of the mini-batch.
CriticLoss Learner::critic_loss(const StepBatch& batch, const MicroRows& rows,
                                const at::Tensor& policy_states_TD, const MiniBatchWeights& weights,
                                UpdateProgress& mini) const {
  const auto take = [&](const at::Tensor& t) { return rows.take(t, critic_parameters_.front()); };
  auto loss = critic_->loss({rows.responses, policy_states_TD},
                            {.values_T = take(batch.values_T), .returns_T = take(batch.returns_T)});
  mini.value_loss += loss.sum.item<double>() / weights.tokens;
  mini.value_clipped += loss.clipped;
  loss.sum = config_.algorithm.value_coef * loss.sum / weights.tokens;
  return loss;
}

UpdateProgress Learner::sum_over_ranks(const UpdateProgress& mine, std::int64_t tokens) const {
  at::Tensor sums =
      at::tensor({mine.policy_loss, mine.value_loss, mine.ratio, mine.approximate_kl, mine.clipped,
                  mine.value_clipped, mine.ranked, mine.margin, mine.pairs},
                 at::kDouble);
  group_.host->all_reduce(sums, ReduceOp::kSum);
  const auto* total = sums.const_data_ptr<double>();
  return {.policy_loss = total[0],
          .value_loss = total[1],
          .ratio = total[2],
          .approximate_kl = total[3],
          .clipped = total[4],
          .value_clipped = total[5],
          .ranked = total[6],
          .margin = total[7],
          .pairs = total[8],
          .tokens = static_cast<double>(tokens)};
}

void Learner::run_minibatch(const StepBatch& batch, const MiniBatchPlan& plan, double lr_scale,
                            UpdateProgress& progress) {
  UpdateProgress own;
  optimizer_.zero_grad();
  const auto weights = batch.weigh(plan, algorithm_.aggregation, fixed_length());
  for (const auto& micro : mine(plan)) {
    backward_micro(batch, micro, weights, own);
  }
  sum_gradients(*group_.device, optimizer_.parameters());
  const UpdateProgress mini = sum_over_ranks(own, plan.tokens);

  // The critic's early gradients are large; clipped together they would drown the policy's.
  const double norm = gradient_norm(policy_parameters_);
  const double critic_norm = gradient_norm(critic_parameters_);
  if (!std::isfinite(norm) || !std::isfinite(critic_norm)) {
    const auto samples = samples_of(plan);
    refuse(fmt::format("the gradient's norm is {} (critic {}) on samples{}", norm, critic_norm,
                       name_samples(batch.rollouts, samples)),
           batch.rollouts, samples);
    progress.skipped += 1;
    return;
  }
  nonfinite_in_a_row_ = 0;
  progress.add(mini);
  progress.grad_norm += norm;
  progress.critic_grad_norm += critic_norm;
  if (mini.ratio / mini.tokens > config_.algorithm.ratio_guard) {
    progress.skipped += 1;
    return;
  }
  clip_gradients(policy_parameters_, norm, config_.optimizer.max_grad_norm);
  clip_gradients(critic_parameters_, critic_norm, config_.optimizer.max_grad_norm);
  optimizer_.step(lr_scale);
  average_->follow(batch.rollouts.front().step);
  if (critic_) critic_->follow();
}

// What is not finite is so on every rank: scores are exchanged, gradients summed.
void Learner::refuse(const std::string& what, std::span<const Rollout> rollouts,
                     const std::vector<std::int64_t>& samples) {
  constexpr int kPatience = 3;
  nonfinite_in_a_row_ += 1;
  const bool go_on =
      config_.algorithm.on_nonfinite == OnNonFinite::kSkip && nonfinite_in_a_row_ < kPatience;
  for (const auto i : samples) left_out_.insert(rollouts[static_cast<std::size_t>(i)].sample_id);
  const auto message =
      fmt::format("step {}: {}: nothing was updated with them", rollouts.front().step + 1, what);
  if (!go_on) {
    throw NonFiniteError(message +
                         (nonfinite_in_a_row_ >= kPatience ? ", for the 3rd time in a row" : ""));
  }
  if (group_.host->rank() == 0) log::warn("{}", message);
}

// One such sample would reach all others through the whitening, so the step is left out whole.
Scalars Learner::pass_over(std::span<const Rollout> rollouts,
                           const std::vector<std::int64_t>& samples, const std::string& first,
                           std::int64_t minibatches) {
  refuse(fmt::format("a reward, log-probability or value is not finite on samples{} ({})",
                     name_samples(rollouts, samples), first),
         rollouts, samples);
  reference_->follow(rollouts.front().step);
  return {{"skipped_minibatches", static_cast<double>(minibatches)}};
}

// There is no way back from an update: the next step would generate with these weights, and a
// checkpoint would hold them. A sum is finite if all its terms are, but for weights that are
// absurd.
void Learner::check_weights(std::int64_t step) const {
  auto trained = policy_.trainable();
  if (critic_) std::ranges::move(critic_->trainable(), std::back_inserter(trained));
  std::vector<at::Tensor> sums;
  for (const auto& [name, parameter] : trained) sums.push_back(parameter.detach().sum());
  const at::Tensor all = at::stack(sums).to(at::kCPU, at::kDouble);  // read once
  const std::span values(all.const_data_ptr<double>(), sums.size());
  const auto bad = std::ranges::find_if(values, [](double sum) { return !std::isfinite(sum); });
  if (bad == values.end()) return;
  throw NonFiniteError(
      fmt::format("step {}: the update left weights that are not finite (the sum of {} is {})",
                  step + 1, trained[static_cast<std::size_t>(bad - values.begin())].first, *bad));
}

// Divergences are of the policy's own samples: answers of a data set have none.
void Learner::add_divergence(const StepBatch& batch, Scalars& all) {
  if (algorithm_.data == StepData::kReferences) return;
  const auto samples = static_cast<double>(batch.rollouts.size());
  const double k1 = kl_k1(batch.old_T, batch.reference_T).sum().item<double>() / samples;
  all.emplace_back("kl/k1", k1);
  all.emplace_back("kl/k3", kl_k3(batch.old_T, batch.reference_T).sum().item<double>() / samples);
  all.emplace_back("logprob_gap/max", batch.gap_T.max().item<double>());
  all.emplace_back("logprob_gap/mean", batch.gap_T.mean().item<double>());
  if (algorithm_.kl_placement == KlPlacement::kNone) return;
  all.emplace_back("kl/coef", kl_.coefficient());
  kl_.update(k1, static_cast<std::int64_t>(batch.rollouts.size()));
}

void Learner::add_critic(const StepBatch& batch, const UpdateProgress& progress,
                         Scalars& all) const {
  all.emplace_back("loss/value", progress.value_loss / progress.steps());
  all.emplace_back("grad_norm/critic", progress.critic_grad_norm / progress.steps());
  if (algorithm_.learns_q()) {
    const at::Tensor first =
        at::tensor(batch.offsets, at::kLong).narrow(0, 0, std::ssize(batch.rollouts));
    all.emplace_back("value/first", batch.values_T.index_select(0, first).mean().item<double>());
    return;
  }
  all.emplace_back("value_clip_fraction", progress.value_clipped / progress.seen());
  const auto& components = *components_;
  if (!components.valued_each) {
    all.emplace_back("explained_variance", explained_variance(batch.returns_T, batch.values_T));
    return;
  }
  all.emplace_back("explained_variance",
                   explained_variance(sum_components(batch.returns_T, components.terms),
                                      sum_components(batch.values_T, components.terms)));
  for (std::size_t c = 0; c < components.names.size(); ++c) {
    const auto column = static_cast<std::int64_t>(c);
    all.emplace_back(
        "explained_variance/" + components.names[c],
        explained_variance(batch.returns_T.select(1, column), batch.values_T.select(1, column)));
  }
}

Scalars Learner::summarize(const StepBatch& batch, const UpdateProgress& progress) {
  Scalars all{{"entropy", batch.entropy_T.mean().item<double>()},
              {"loss/policy", progress.policy_loss / progress.steps()},
              {"grad_norm", progress.grad_norm / progress.steps()},
              {"epochs", static_cast<double>(progress.epochs)},
              {"skipped_minibatches", static_cast<double>(progress.skipped)}};
  add_divergence(batch, all);
  if (algorithm_.learns_policy_gradient()) {
    all.emplace_back("clip_fraction", progress.clipped / progress.seen());
    all.emplace_back("ratio/first_deviation", progress.first_ratio_deviation);
  }
  if (algorithm_.learns_policy_gradient() || algorithm_.learns_q())
    all.emplace_back("approximate_kl", progress.approximate_kl / progress.seen());
  if (algorithm_.learns_preferences()) {
    const double pairs = std::max(1.0, progress.pairs);
    all.emplace_back("preference/accuracy", progress.ranked / pairs);
    all.emplace_back("preference/margin", progress.margin / pairs);
  } else if (algorithm_.compares_samples()) {
    all.emplace_back("groups/constant_fraction", batch.constant_groups);
  }
  if (critic_) add_critic(batch, progress, all);
  if (config_.algorithm.correction.kind != CorrectionKind::kNone) {
    all.emplace_back("correction/mean_weight", batch.correction_T.mean().item<double>());
    all.emplace_back("correction/rejected_fraction", batch.rejected);
  }
  return all;
}

}  // namespace alarm_dist

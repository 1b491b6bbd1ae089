// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/learner.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "alarm/base/clock.hpp"
#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"
#include "alarm/rl/ppo.hpp"
#include "alarm/train/sync.hpp"

#include "train/learner_batch.hpp"

namespace alarm_dist {
namespace {

// The head learns in float32 (float64 for a float64 model): its gradients are sums over many
// tokens.
at::ScalarType head_dtype(const CausalLm& policy) {
  return policy.dtype() == at::kDouble ? at::kDouble : at::kFloat;
}

std::string name_samples(std::span<const Rollout> rollouts,
                         const std::vector<std::int64_t>& samples) {
  std::string names;
  for (const auto sample : samples)
    names += fmt::format(" {}", rollouts[static_cast<std::size_t>(sample)].sample_id);
  return names;
}

}  // namespace

ValueHead ValueHead::zeros(std::int64_t hidden, at::ScalarType dtype, c10::Device device) {
  // at::zeros takes no heed of requires_grad in its options.
  const auto options = at::TensorOptions().dtype(dtype).device(device);
  return {at::zeros({1, hidden}, options).requires_grad_(),
          at::zeros({1}, options).requires_grad_()};
}

at::Tensor ValueHead::operator()(const at::Tensor& states_TD) const {
  return at::linear(states_TD.to(weight.scalar_type()), weight, bias).squeeze(1);
}

NamedTensors ValueHead::parameters() const {
  return {{"value_head.weight", weight}, {"value_head.bias", bias}};
}

Learner::Learner(const CausalLm& policy, const LearnerGroup& group, const TrainConfig& config)
    : policy_(policy),
      group_(group),
      config_(config),
      value_head_(ValueHead::zeros(policy.shape().hidden, head_dtype(policy), policy.device())),
      optimizer_({{policy.trainable(), config.optimizer.lr},
                  {value_head_.parameters(), config.optimizer.critic_lr}},
                 {.beta1 = config.optimizer.beta1,
                  .beta2 = config.optimizer.beta2,
                  .epsilon = config.optimizer.epsilon,
                  .weight_decay = config.optimizer.weight_decay}),
      kl_(config.algorithm.kl) {
  for (const auto& [name, parameter] : policy.trainable()) adapter_parameters_.push_back(parameter);
  for (const auto& [name, parameter] : value_head_.parameters())
    critic_parameters_.push_back(parameter);
}

double Learner::lr_scale(std::int64_t step) const {
  const auto& optimizer = config_.optimizer;
  const double done = static_cast<double>(step);
  if (step < optimizer.warmup) return (done + 1) / static_cast<double>(optimizer.warmup);
  if (optimizer.schedule == "constant") return 1.0;
  const double span =
      static_cast<double>(std::max<std::int64_t>(1, config_.run.steps - optimizer.warmup));
  return std::max(0.0, 1.0 - (done - static_cast<double>(optimizer.warmup)) / span);
}

std::vector<MiniBatchPlan> Learner::plan_epoch(const Batch& batch, std::int64_t step,
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
                           .ranks = group_.host->size()});
}

// The same micro-batches as the first epoch's update, so that its first ratio is exactly 1.
void Learner::score_batch(Batch& batch, const std::vector<MiniBatchPlan>& plans) const {
  const at::NoGradGuard no_grad;
  std::vector<std::int64_t> done;
  for (const auto& plan : plans) {
    for (const auto& micro : plan.by_rank[static_cast<std::size_t>(group_.host->rank())]) {
      score_micro(batch, micro, done);
    }
  }
  exchange_scores(batch, done);
  batch.gap_T = (batch.sampled_T - batch.old_T)
                    .abs();  // before sampled ones may take the place of recomputed ones
  if (config_.algorithm.old_logprobs == OldLogprobs::kSampled)
    batch.old_T = batch.sampled_T.clone();
}

void Learner::score_micro(Batch& batch, const MicroBatch& micro,
                          std::vector<std::int64_t>& done) const {
  const MicroRows rows = make_micro_rows(batch.rollouts, batch.offsets, micro);
  const double temperature = config_.rollout.sampling.temperature;
  const auto put = [&](at::Tensor& per_token_T, const at::Tensor& values) {
    per_token_T.index_copy_(0, rows.tokens, values.to(at::kCPU, at::kDouble));
  };
  const auto policy = score_responses(policy_, rows.responses, temperature, Adapter::kOn);
  put(batch.old_T, policy.logprobs_T);
  put(batch.entropy_T, policy.entropy_T);
  put(batch.values_T, value_head_(policy.states_TD));
  put(batch.reference_T,
      score_responses(policy_, rows.responses, temperature, Adapter::kOff).logprobs_T);
  done.insert(done.end(), rows.samples.begin(), rows.samples.end());
}

void Learner::exchange_scores(Batch& batch, const std::vector<std::int64_t>& done) const {
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
      for (auto* tensor : tensors)
        batch.of(*tensor, sample).copy_(at::tensor(reader.get_vector<double>(), at::kDouble));
    }
  }
}

void Learner::compute_advantages(Batch& batch, const std::vector<MiniBatchPlan>& plans) const {
  const auto& algorithm = config_.algorithm;
  const at::Tensor rewards_T =
      kl_penalized(batch.rewards_T, batch.old_T, batch.reference_T, kl_.coefficient());
  auto result = gae(rewards_T, batch.values_T, batch.offsets, algorithm.gamma, algorithm.lambda);
  Moments over = moments(result.advantages_T);
  if (algorithm.whiten == WhitenScope::kLocal) {
    std::vector<at::Tensor> mine;
    for (const auto& plan : plans) {
      for (const auto& micro : plan.by_rank[static_cast<std::size_t>(group_.host->rank())]) {
        mine.push_back(result.advantages_T.index_select(
            0, make_micro_rows(batch.rollouts, batch.offsets, micro).tokens));
      }
    }
    if (!mine.empty()) over = moments(at::cat(mine));
  }
  batch.advantages_T = whiten(result.advantages_T, over);
  batch.returns_T = result.returns_T;
}

void Learner::backward_micro(const Batch& batch, const MicroBatch& micro, std::int64_t tokens,
                             Progress& mini) {
  const MicroRows rows = make_micro_rows(batch.rollouts, batch.offsets, micro);
  const auto& algorithm = config_.algorithm;
  const auto scores =
      score_responses(policy_, rows.responses, config_.rollout.sampling.temperature, Adapter::kOn);
  const auto take = [&](const at::Tensor& per_token_T) {
    return per_token_T.index_select(0, rows.tokens).to(scores.logprobs_T.options());
  };
  const auto policy = ppo_policy_loss(scores.logprobs_T, take(batch.old_T),
                                      take(batch.advantages_T), algorithm.clip);
  const at::Tensor states =
      algorithm.value_trains_trunk ? scores.states_TD : scores.states_TD.detach();
  const auto value = ppo_value_loss(value_head_(states), take(batch.values_T),
                                    take(batch.returns_T), algorithm.value_clip);
  const at::Tensor loss =
      (policy.sum + algorithm.value_coef * value.sum) / static_cast<double>(tokens);
  ALARM_CHECK(std::isfinite(loss.item<double>()),
              "the loss is {} on samples{} of step {}: nothing was updated", loss.item<double>(),
              name_samples(batch.rollouts, rows.samples), batch.rollouts.front().step);
  loss.backward();
  mini.policy_loss += policy.sum.item<double>();
  mini.value_loss += value.sum.item<double>();
  mini.ratio += policy.ratio_sum;
  mini.approximate_kl += policy.approximate_kl_sum;
  mini.clipped += policy.clipped;
  mini.value_clipped += value.clipped;
}

void Learner::run_minibatch(const Batch& batch, const MiniBatchPlan& plan, double lr_scale,
                            Progress& progress) {
  Progress mini;
  optimizer_.zero_grad();
  for (const auto& micro : plan.by_rank[static_cast<std::size_t>(group_.host->rank())]) {
    backward_micro(batch, micro, plan.tokens, mini);
  }
  sum_gradients(*group_.device, optimizer_.parameters());
  at::Tensor sums = at::tensor({mini.policy_loss, mini.value_loss, mini.ratio, mini.approximate_kl,
                                mini.clipped, mini.value_clipped},
                               at::kDouble);
  group_.host->all_reduce(sums, ReduceOp::kSum);
  const auto* total = sums.const_data_ptr<double>();
  mini = {.policy_loss = total[0],
          .value_loss = total[1],
          .ratio = total[2],
          .approximate_kl = total[3],
          .clipped = total[4],
          .value_clipped = total[5],
          .tokens = static_cast<double>(plan.tokens)};
  progress.add(mini);

  // The critic's early gradients are large; clipped together they would drown the policy's.
  const double norm = gradient_norm(adapter_parameters_);
  const double critic_norm = gradient_norm(critic_parameters_);
  ALARM_CHECK(std::isfinite(norm) && std::isfinite(critic_norm),
              "the gradient's norm is {} (critic {}) in step {}: nothing was updated", norm,
              critic_norm, batch.rollouts.front().step);
  progress.grad_norm += norm;
  progress.critic_grad_norm += critic_norm;
  if (mini.ratio / mini.tokens > config_.algorithm.ratio_guard) {
    progress.skipped += 1;
    return;
  }
  clip_gradients(adapter_parameters_, norm, config_.optimizer.max_grad_norm);
  clip_gradients(critic_parameters_, critic_norm, config_.optimizer.max_grad_norm);
  optimizer_.step(lr_scale);
}

// False when the policy has moved so far that the remaining epochs are left out.
bool Learner::run_epoch(const Batch& batch, const std::vector<MiniBatchPlan>& plans,
                        double lr_scale, Progress& progress) {
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
  ALARM_CHECK(!rollouts.empty(), "step {}: no sample is left to learn from", step);
  Stopwatch clock;
  Batch batch(rollouts, rewards);
  auto plans = plan_epoch(batch, step, 0);
  score_batch(batch, plans);
  compute_advantages(batch, plans);
  times_ = {{"reference", clock.lap()}};

  Progress progress;
  for (std::int64_t epoch = 0; epoch < config_.algorithm.epochs; ++epoch) {
    if (epoch > 0) plans = plan_epoch(batch, step, epoch);
    if (!run_epoch(batch, plans, lr_scale(step), progress)) break;
  }
  optimizer_.zero_grad();
  times_.emplace_back("update", clock.lap());
  return summarize(batch, progress);
}

Scalars Learner::summarize(const Batch& batch, const Progress& progress) {
  const auto samples = static_cast<double>(batch.rollouts.size());
  const double k1 = kl_k1(batch.old_T, batch.reference_T).sum().item<double>() / samples;
  const double k3 = kl_k3(batch.old_T, batch.reference_T).sum().item<double>() / samples;
  const double coefficient = kl_.coefficient();
  kl_.update(k1, static_cast<std::int64_t>(batch.rollouts.size()));
  const double return_variance = batch.returns_T.var(/*unbiased=*/false).item<double>();
  const double residual = (batch.returns_T - batch.values_T).var(/*unbiased=*/false).item<double>();
  const double seen = std::max(1.0, progress.tokens);
  return {
      {"kl/k1", k1},
      {"kl/k3", k3},
      {"kl/coef", coefficient},
      {"entropy", batch.entropy_T.mean().item<double>()},
      {"loss/policy", progress.policy_loss / seen},
      {"loss/value", progress.value_loss / seen},
      {"clip_fraction", progress.clipped / seen},
      {"value_clip_fraction", progress.value_clipped / seen},
      {"approximate_kl", progress.approximate_kl / seen},
      {"ratio/first_deviation", progress.first_ratio_deviation},
      {"grad_norm",
       progress.grad_norm / static_cast<double>(std::max<std::int64_t>(1, progress.minibatches))},
      {"grad_norm/critic", progress.critic_grad_norm / static_cast<double>(std::max<std::int64_t>(
                                                           1, progress.minibatches))},
      {"explained_variance", return_variance > 0 ? 1.0 - residual / return_variance : 0.0},
      {"epochs", static_cast<double>(progress.epochs)},
      {"skipped_minibatches", static_cast<double>(progress.skipped)},
      {"logprob_gap/max", batch.gap_T.max().item<double>()},
      {"logprob_gap/mean", batch.gap_T.mean().item<double>()}};
}

}  // namespace alarm_dist

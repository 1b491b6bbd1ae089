// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <ATen/ATen.h>

#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/store/atomic_file.hpp"
#include "alarm/train/sync.hpp"

#include "train/peak_flops.hpp"
#include "train/policy_loader.hpp"
#include "train/reference_answers.hpp"
#include "train/step_flops.hpp"
#include "train/weight_copies.hpp"

namespace alarm_dist {
namespace {

// A draw context of its own for the samples that statistics are measured on.
constexpr std::uint32_t kNormalizationStep = 0xFFFFFFFF;

// A metric: the validation prompts that a component failed on.
constexpr const char* kDroppedPrompts = "eval/dropped";

}  // namespace

Trainer::Trainer(World& world, const TrainConfig& config, const RunDirectory& run)
    : world_(world),
      config_(config),
      algorithm_(resolve_algorithm(config.algorithm)),
      run_(run),
      placement_(config.placement, world.rank(), world.size()),
      data_(load_datasets(config)),
      prompts_(static_cast<std::uint64_t>(config.run.seed), data_.train.size(),
               config.rollout.prompts()),
      checkpoints_(run.checkpoints(), config.checkpoint.keep, config.evaluate.weights) {
  world_.control().set_role(to_string(placement_.role()));
  world_.control().set_doing("loading models");
  policy_ = load_policy(config, world);
  if (initial_adapter(config) == Adapter::kOn) initial_ = clone_tensors(policy_->trainable());
  tokenizer_ = load_policy_tokenizer(config, *policy_);
  const auto on_error = config.task.on_error == "skip" ? OnDataError::kSkip : OnDataError::kStop;
  for (auto* dataset : {&data_.train, &data_.validation, &data_.test}) {
    check_prompt_lengths(*dataset, *tokenizer_, policy_->shape().context,
                         config.rollout.sampling.max_new_tokens, on_error);
    if (dataset->skipped() > 0)
      log::root_info("{}: {} records, {} left out", dataset->name(), dataset->size(),
                     dataset->skipped());
  }
  prompts_ = PromptStream(static_cast<std::uint64_t>(config.run.seed), data_.train.size(),
                          config.rollout.prompts());
  if (placement_.scores()) panel_ = make_panel(config, policy_->device());
  learner_host_ = world.communicator().split(placement_.learns() ? 0 : -1, world.rank());
  all_device_ = world.make_communicator(policy_->device());
  learner_device_ = all_device_->split(placement_.learns() ? 0 : -1, world.rank());
  if (placement_.learns()) {
    if (algorithm_.own_critic)
      critic_ = load_critic_for(config, *policy_, *tokenizer_, data_.train);
    learner_ = std::make_unique<Learner>(
        *policy_, LearnerGroup{.host = learner_host_.get(), .device = learner_device_.get()},
        config, critic_.get(), critic_base(config, *policy_));
  }
  layer_parameters_ =
      count_layer_parameters(policy_->shape(), TensorFile::open(policy_dir(config, *policy_)));
  peak_flops_ = measure_peak_flops(world, policy_->device(), policy_->dtype());
}

Trainer::~Trainer() = default;

Actors Trainer::actors() const {
  return {.policy = policy_.get(), .tokenizer = tokenizer_.get(), .rewards = panel_.get()};
}

RunEnd Trainer::run() {
  try {
    return run_steps();
  } catch (const NonFiniteRollout& error) {
    stop_generation(error);
  }
}

RunEnd Trainer::run_steps() {
  const auto checkpoint = latest_checkpoint();
  if (checkpoint.empty()) {
    start_fresh();
  } else {
    start_from(checkpoint);
  }
  for (auto step = state_.step; step < config_.run.steps && !stop_; ++step) train_step(step);
  progress_.reset();
  if (stop_) return RunEnd::kStopped;
  finish();
  return RunEnd::kDone;
}

// One rank looks, so that a folder that changes under the ranks' eyes cannot split them.
std::string Trainer::latest_checkpoint() const {
  ByteWriter writer;
  if (is_root()) writer.put_string(checkpoints_.latest().value_or("").string());
  const auto agreed = broadcast_bytes(world_.communicator(), writer.take(), 0);
  return ByteReader(agreed).get_string();
}

// Samples of the initial policy, scored: what rewards are normalised by.
std::map<std::string, Statistics> Trainer::measure_initial_rewards() {
  if (!config_.rewards.configured) return {};
  HarvestPlan plan{
      .name = "normalization",
      .dataset = &data_.validation,
      .samples_per_prompt = 1,
      .group_size = config_.evaluate.group_size,
      .sampling = config_.rollout.sampling,
      .draws = {.seed = static_cast<std::uint64_t>(config_.run.seed), .step = kNormalizationStep},
      .adapter = initial_adapter(config_)};
  const PromptStream stream(static_cast<std::uint64_t>(config_.run.seed), data_.validation.size(),
                            config_.rewards.normalization_samples);
  for (std::int64_t i = 0; i < config_.rewards.normalization_samples; ++i)
    plan.records.push_back(stream.record(0, i));
  const auto samples = harvest_scored(-1, plan).rollouts;
  auto measured = measure_normalization(config_, samples);
  for (const auto& [name, statistics] : measured) {
    log::root_info("'{}' on {} samples of the initial policy: mean {:.4f}, deviation {:.4f}", name,
                   samples.size(), statistics.mean, statistics.deviation);
  }
  return measured;
}

void Trainer::start_fresh() {
  state_.normalization = measure_initial_rewards();
  composer_ = std::make_unique<Composer>(config_, state_.normalization);
  if (learner_) state_.kl_coefficient = learner_->kl().coefficient();
  if (is_root()) {
    metrics_ = std::make_unique<MetricsWriter>(run_.path(), run_.kept_records());
    samples_ = std::make_unique<SampleWriter>(run_.path(), run_.kept_records());
    progress_ = std::make_unique<Progress>(
        Progress::Options{.label = config_.run.name, .total = config_.run.steps});
  }
  Scalars metrics;
  evaluate_validation(0, metrics);
  if (is_root() && !metrics.empty()) metrics_->write(0, metrics);
}

void Trainer::start_from(const std::filesystem::path& checkpoint) {
  state_ = Checkpoints::load_state(checkpoint);
  Checkpoints::load_trained(checkpoint, *policy_);
  if (learner_) Checkpoints::load_learner(checkpoint, state_, *learner_);
  composer_ = std::make_unique<Composer>(config_, state_.normalization);
  log::root_info("resuming after step {} from {}", state_.step, checkpoint.string());
  if (is_root()) {
    metrics_ = std::make_unique<MetricsWriter>(run_.path(), state_.step);
    samples_ = std::make_unique<SampleWriter>(run_.path(), state_.step);
    progress_ = std::make_unique<Progress>(Progress::Options{
        .label = config_.run.name, .total = config_.run.steps, .first_step = state_.step});
  }
}

// Steps are numbered from 0 inside; what users see is the number of steps done.
void Trainer::train_step(std::int64_t step) {
  Stopwatch clock;
  const Harvest harvested = collect(step);
  const double rollout_s = clock.lap();
  Scalars metrics;
  add_reward_metrics(harvested, metrics);
  const Scalars learned = learn(step, harvested);
  metrics.insert(metrics.end(), learned.begin(), learned.end());
  hold_kl_bound(step, learned);
  const double learn_s = clock.lap();
  sync_weights();
  state_.step = step + 1;
  Scalars phases{{"rollout", rollout_s}, {"learn", learn_s}, {"sync", clock.lap()}};
  add_cost_metrics(harvested, clock.seconds(), phases, metrics);
  const bool last = step + 1 == config_.run.steps;
  if (config_.evaluate.every > 0 && ((step + 1) % config_.evaluate.every == 0 || last)) {
    evaluate_validation(step + 1, metrics);
  }
  if (is_root()) {
    metrics_->write(step + 1, metrics);
    if (harvested.given.empty()) write_samples(step + 1, harvested);
    const auto reward = find_scalar(metrics, "reward/holistic");
    progress_->update(
        step + 1, {.reward = reward,
                   .kl = find_scalar(metrics, "kl/k1"),
                   .loss = reward ? std::nullopt : find_scalar(metrics, "loss/policy"),
                   .tokens_per_s = find_scalar(metrics, "throughput/tokens_per_s").value_or(0)});
  }
  const bool due = config_.checkpoint.every > 0 && (step + 1) % config_.checkpoint.every == 0;
  if (due || last || stop_ || state_.best_step == state_.step) save_checkpoint(step + 1, harvested);
}

Scalars Trainer::learn(std::int64_t step, const Harvest& harvested) {
  // What the learners computed is told to all ranks: rank 0 writes the log whatever its role.
  std::vector<Rollout> scored;
  std::vector<ComposedReward> rewards;
  for (std::size_t i = 0; i < harvested.rollouts.size(); ++i) {
    const Rollout& rollout = harvested.rollouts[i];
    if (!rollout.failed_component().empty()) continue;
    scored.push_back(rollout);
    rewards.push_back(harvested.given.empty() ? compose(rollout) : harvested.given[i]);
  }
  ByteWriter writer;
  if (learner_) {
    world_.control().set_doing(fmt::format("learning from step {}", step));
    Scalars learned = update(step, scored, rewards);
    for (const auto& [phase, seconds] : learner_->times())
      learned.emplace_back("time/" + phase + "_s", seconds);
    for (const auto& [key, value] : learned) {
      writer.put_string(key);
      writer.put(value);
    }
    state_.kl_coefficient = learner_->kl().coefficient();
    state_.optimizer_steps = learner_->optimizer().steps();
    state_.nonfinite_in_a_row = learner_->nonfinite_in_a_row();
  }
  world_.control().set_doing("waiting for the learners");
  const auto bytes =
      broadcast_bytes(world_.communicator(), writer.take(), placement_.first_learner());
  ByteReader reader(bytes);
  Scalars learned;
  while (!reader.at_end()) {
    auto key = reader.get_string();
    learned.emplace_back(std::move(key), reader.get<double>());
  }
  return learned;
}

// Learners hold the new weights already, each the same; actors get them, and all prove it. So do
// learners of their critic.
void Trainer::sync_weights() {
  world_.control().set_doing("syncing weights");
  const auto weights = policy_->trainable();
  if (!placement_.colocated()) broadcast_tensors(*all_device_, weights, placement_.first_learner());
  state_.weights_version += 1;
  check_same_tensors(world_.communicator(), weights, placement_.first_learner(),
                     fmt::format("weights version {}", state_.weights_version));
  if (!learner_) return;
  check_same_tensors(*learner_host_, learner_->critic_weights(), 0, "critic of the learners");
  if (config_.optimizer.ema.decay > 0)
    check_same_tensors(*learner_host_, learner_->averaged_weights(), 0, "average of the weights");
}

// Only learners keep the average; the others are lent it.
void Trainer::with_evaluated_weights(const std::function<void()>& body) {
  if (config_.evaluate.weights == EvaluatedWeights::kLast) return body();
  const auto weights = policy_->trainable();
  const auto average = learner_ ? learner_->averaged_weights() : clone_tensors(weights);
  if (!placement_.colocated()) broadcast_tensors(*all_device_, average, placement_.first_learner());
  while_exchanged(weights, average, body);
}

HeldOutResult Trainer::held_out(const std::string& name, const Dataset& dataset,
                                std::int64_t prompts, Adapter adapter) {
  return evaluate_held_out(world_, placement_, actors(), *composer_,
                           {.name = name,
                            .dataset = &dataset,
                            .prompts = prompts,
                            .group_size = config_.evaluate.group_size,
                            .sampling = config_.rollout.sampling,
                            .adapter = adapter});
}

void Trainer::evaluate_validation(std::int64_t step, Scalars& metrics) {
  if (config_.evaluate.every == 0) return;
  if (progress_) progress_->phase("evaluating");
  Stopwatch clock;
  with_evaluated_weights([&] { measure_validation(step, metrics); });
  // A mean without the prompts that failed is no better than another's with them.
  const bool whole = !find_scalar(metrics, kDroppedPrompts);
  const auto kept_by = find_scalar(metrics, config_.checkpoint.keep_best);
  if (whole && kept_by && (!state_.best_value || *kept_by > *state_.best_value)) {
    state_.best_value = kept_by;
    state_.best_step = step;
  }
  metrics.emplace_back("time/evaluate_s", clock.seconds());
}

void Trainer::measure_validation(std::int64_t step, Scalars& metrics) {
  if (config_.rewards.configured) measure_validation_rewards(step, metrics);
  if (!measures_answers(config_)) return;
  const auto prompts = config_.evaluate.prompts, size = data_.validation.size();
  AnswerPlan plan{.dataset = &data_.validation,
                  .temperature = config_.rollout.sampling.temperature};
  plan.records.resize(static_cast<std::size_t>(prompts == 0 ? size : std::min(prompts, size)));
  std::iota(plan.records.begin(), plan.records.end(), 0);
  const auto logprob = mean_logprob(answer_logprobs(world_, *policy_, *tokenizer_, plan));
  metrics.emplace_back("eval/logprob", logprob);
  metrics.emplace_back("eval/perplexity", std::exp(-logprob));
}

void Trainer::measure_validation_rewards(std::int64_t step, Scalars& metrics) {
  const auto result = held_out(fmt::format("validation/{}", step), data_.validation,
                               config_.evaluate.prompts, Adapter::kOn);
  check_scores(step - 1, fmt::format("validation after step {}", step), result.failed,
               result.rollouts.size() + result.failed.size());
  if (!result.failed.empty())
    metrics.emplace_back(kDroppedPrompts, static_cast<double>(result.failed.size()));
  for (const auto& [name, values] : result.values) {
    const auto key = name == "length"   ? "eval/tokens/response"
                     : name == "reward" ? "eval/reward/total"
                                        : "eval/reward/" + name;
    metrics.emplace_back(key, mean_of(values));
  }
}

void Trainer::save_checkpoint(std::int64_t step, const Harvest& harvested) {
  world_.control().set_doing(fmt::format("writing the checkpoint of step {}", step));
  if (is_writer()) {
    probe_weights(step - 1, harvested.rollouts.front());
    checkpoints_.save(state_, *policy_, *learner_);
  }
  world_.communicator().barrier();  // a checkpoint that one rank counts on is there for all
}

// The weights that validation found best answer the test prompts, and so does the initial policy.
void Trainer::finish() {
  const bool has_best = state_.best_step > 0 && state_.best_step != state_.step;
  if (has_best) {
    verify_manifest(checkpoints_.path_of(state_.best_step));
    Checkpoints::load_trained(checkpoints_.path_of(state_.best_step), *policy_,
                              config_.evaluate.weights);
  }
  if (state_.best_step == 0)
    log::root_info(
        "no step was better than the initial policy on validation prompts: comparing the last");
  if (has_best) {
    compare_test();
  } else {
    with_evaluated_weights([&] { compare_test(); });
  }
}

// Without rewards the comparison is of what the policy makes of the expert's answers.
void Trainer::add_answer_values(Adapter adapter, HeldOutResult& result) {
  AnswerPlan plan{.dataset = &data_.test,
                  .temperature = config_.rollout.sampling.temperature,
                  .adapter = adapter};
  for (const auto& rollout : result.rollouts) plan.records.push_back(rollout.record);
  for (const auto& answer : answer_logprobs(world_, *policy_, *tokenizer_, plan))
    result.values[kAnswerLogprob].push_back(answer.mean());
}

HeldOutResult Trainer::test(const std::string& name, Adapter adapter) {
  auto result = held_out(name, data_.test, config_.evaluate.test_prompts, adapter);
  if (!config_.rewards.configured) add_answer_values(adapter, result);
  return result;
}

HeldOutResult Trainer::test_initial() {
  constexpr const char* kName = "test/before";
  if (initial_.empty()) return test(kName, Adapter::kOff);
  HeldOutResult result;
  while_exchanged(policy_->trainable(), initial_, [&] { result = test(kName, Adapter::kOn); });
  return result;
}

void Trainer::compare_test() {
  world_.control().set_doing("comparing before and after");
  auto before = test_initial(), after = test("test/after", Adapter::kOn);
  // What was trained stands: the comparison is of what could be scored.
  report_failures("test/before", before.failed);
  report_failures("test/after", after.failed);
  keep_common(before, after);
  if (is_root()) write_comparison(before, after);
  world_.communicator().barrier();
}

std::string Trainer::weights_digest() const { return digest_tensors(policy_->trainable()); }

}  // namespace alarm_dist

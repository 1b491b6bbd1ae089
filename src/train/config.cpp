// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/config.hpp"

#include <algorithm>

#include "alarm/base/error.hpp"
#include "alarm/text/chat.hpp"
#include "alarm/train/placement.hpp"

#include "train/components.hpp"

namespace alarm_dist {
namespace {

void require(bool condition, const std::string& message) {
  if (!condition) throw UsageError(message);
}

void check_rollout(const RolloutConfig& rollout) {
  require(
      rollout.batch % rollout.samples_per_prompt == 0,
      fmt::format(
          "rollout.batch: {} samples are not a multiple of samples_per_prompt, {}: nearest is {}",
          rollout.batch, rollout.samples_per_prompt,
          std::max<std::int64_t>(1, rollout.batch / rollout.samples_per_prompt) *
              rollout.samples_per_prompt));
  require(rollout.group_size % rollout.samples_per_prompt == 0,
          fmt::format("rollout.group_size: {} samples are not a multiple of samples_per_prompt, {}",
                      rollout.group_size, rollout.samples_per_prompt));
}

void check_aspect(const AspectConfig& aspect) {
  for (const char* taken : {"holistic", "total", "gated_fraction", "too_short", "reward", "length",
                            "overlong", "missing_end"}) {
    require(aspect.name != taken,
            fmt::format("rewards.aspects: the name '{}' is taken by another metric", taken));
  }
  const bool possible = aspect.source.kind != "link_grammar" ||
                        aspect.granularity == Granularity::kSentence ||
                        aspect.granularity == Granularity::kToken;
  require(possible,
          fmt::format("rewards.aspects.{}: link_grammar gives values by sentence or token",
                      aspect.name));
}

void check_rewards(const RewardsConfig& rewards) {
  if (!rewards.configured) return;
  for (const auto& name : rewards.compose.use) {
    const bool known = std::any_of(rewards.aspects.begin(), rewards.aspects.end(),
                                   [&](const auto& aspect) { return aspect.name == name; });
    require(known, fmt::format("rewards.compose.use: '{}' is not one of rewards.aspects", name));
  }
  const bool needs_aspect = rewards.compose.kind == Composition::kAspectOnly;
  require(!needs_aspect || !rewards.compose.use.empty(),
          "rewards.compose: aspect_only, but `use` names no aspect");
  require(rewards.holistic.source.kind == "model",
          "rewards.holistic.source: link_grammar gives values by sentence; the holistic reward is "
          "one value a response");
  for (const auto& aspect : rewards.aspects) check_aspect(aspect);
}

void check_overlong(const TrainConfig& config) {
  const auto longest = config.rollout.sampling.max_new_tokens;
  require(config.rewards.overlong.buffer <= longest,
          fmt::format("rewards.overlong.buffer: {} tokens, but a response has at most "
                      "rollout.max_new_tokens = {}",
                      config.rewards.overlong.buffer, longest));
}

// What keep_best may name: a mean over the validation prompts.
void check_keep_best(const TrainConfig& config) {
  const auto& keep_best = config.checkpoint.keep_best;
  if (config.evaluate.every == 0) {
    require(keep_best.empty() || keep_best == CheckpointConfig{}.keep_best,
            fmt::format("checkpoint.keep_best: evaluate.every is 0, so that '{}' is never measured",
                        keep_best));
    return;
  }
  if (keep_best.empty()) return;
  std::vector<std::string> known;
  if (config.rewards.configured)
    known = {"eval/reward/holistic", "eval/reward/total", "eval/tokens/response"};
  for (const auto& aspect : config.rewards.aspects) known.push_back("eval/reward/" + aspect.name);
  if (measures_answers(config)) known.push_back("eval/logprob");
  require(std::find(known.begin(), known.end(), config.checkpoint.keep_best) != known.end(),
          fmt::format("checkpoint.keep_best: '{}' is not measured; expected one of {}",
                      config.checkpoint.keep_best, fmt::join(known, ", ")));
}

// A step's factor is 1 + clip(error, -0.2, 0.2) * batch / horizon: it must stay positive.
void check_kl(const TrainConfig& config) {
  const auto& kl = config.algorithm.kl;
  require(
      kl.target <= 0 || 5 * kl.horizon > static_cast<double>(config.rollout.batch),
      fmt::format("algorithm.kl.horizon: {} is too short for rollout.batch = {}: the coefficient "
                  "would fall to 0 or below in "
                  "one step; expected more than {}",
                  kl.horizon, config.rollout.batch, static_cast<double>(config.rollout.batch) / 5));
  require(
      config.algorithm.kl_bound <= 0 || config.algorithm.on_kl_bound != OnKlBound::kRollback ||
          config.checkpoint.every > 0,
      "algorithm.kl.on_bound: rollback goes back to a periodic checkpoint, and checkpoint.every "
      "is 0: none is written");
}

void check_algorithm(const TrainConfig& config) {
  const Algorithm algorithm = resolve_algorithm(config.algorithm);
  require(!algorithm.compares_samples() || config.rollout.samples_per_prompt > 1,
          fmt::format("algorithm.kind: {} compares the samples of a prompt, and "
                      "rollout.samples_per_prompt is {}: expected 2 or more",
                      config.algorithm.kind, config.rollout.samples_per_prompt));
  require(config.algorithm.ratio_guard > 1,
          fmt::format("algorithm.ratio_guard: {} would stop every update, as the first ratio is 1: "
                      "expected more than 1",
                      config.algorithm.ratio_guard));
  if (algorithm.data == StepData::kRollouts) {
    require(config.rewards.configured,
            fmt::format("rewards: there are none, and {} learns from the rewards of its samples; "
                        "only what learns from given answers (algorithm.kind sft, algorithm.data "
                        "references) goes without",
                        config.algorithm.kind));
    return;
  }
  const std::int64_t answers = algorithm.learns_preferences() ? 2 : 1;
  require(config.rollout.samples_per_prompt == answers,
          fmt::format("rollout.samples_per_prompt: {}, but the data set gives {} a prompt to {} "
                      "(algorithm.data: references): expected {}",
                      config.rollout.samples_per_prompt,
                      answers == 2 ? "two answers" : "one answer", config.algorithm.kind, answers));
  require(
      config.rewards.overlong.buffer == 0,
      "rewards.overlong: answers of the data set are not rewarded (algorithm.data: references)");
  require(config.rewards.missing_end_penalty == 0,
          "rewards.missing_end_penalty: answers of the data set are not rewarded (algorithm.data: "
          "references)");
}

// A prompt's samples are not parted: a mini-batch would hold fewer than it says.
void check_minibatch(const TrainConfig& config) {
  const auto minibatch = config.algorithm.minibatch, group = config.rollout.samples_per_prompt;
  require(minibatch % group == 0,
          fmt::format("algorithm.minibatch: {} samples are not a multiple of "
                      "rollout.samples_per_prompt, {}, and the samples of a prompt stay together: "
                      "nearest is {}",
                      minibatch, group, std::max<std::int64_t>(1, minibatch / group) * group));
}

void check_ema(const TrainConfig& config) {
  require(config.evaluate.weights == EvaluatedWeights::kLast || config.optimizer.ema.decay > 0,
          "evaluate.weights: ema, but optimizer.ema.decay is 0: no average is kept");
  const auto start = config.optimizer.ema.start;
  require(start == 0 || config.optimizer.ema.decay > 0,
          "optimizer.ema.start: optimizer.ema.decay is 0: no average is kept");
  require(start == 0 || start < config.run.steps,
          fmt::format("optimizer.ema.start: {}, but the run ends after run.steps = {}: the average "
                      "would be the weights themselves",
                      start, config.run.steps));
}

void check_start(const TrainConfig& config) {
  if (config.policy.adapter.empty()) return;
  require(
      config.policy.trained() == Trained::kAdapter,
      "policy.adapter.path: policy.train is full, which has no adapter: let policy.model be what "
      "`alarm-dist convert MODEL OUT --adapter DIR --merge` writes");
  // Q-values are computed over states of the model without an adapter (src/train/q_critic.cpp).
  const Algorithm algorithm = resolve_algorithm(config.algorithm);
  require(!algorithm.learns_q() || algorithm.reference.kind == ReferenceKind::kBase,
          "algorithm.reference.kind: the reference of etpo has no adapter; with "
          "policy.adapter.path expected base");
}

// Keys that belong to another choice.
void check_unread_keys(const TrainConfig& config) {
  const LrSchedule usual;
  const auto& schedule = config.optimizer.schedule;
  require(schedule.decay == usual.decay || schedule.kind == ScheduleKind::kWsd,
          "optimizer.decay: only optimizer.schedule wsd reads it: leave it out");
  require(schedule.floor == usual.floor || schedule.kind != ScheduleKind::kConstant,
          "optimizer.lr_floor: optimizer.schedule constant does not fall: leave it out");
  require(schedule.warmup <= config.run.steps,
          fmt::format("optimizer.warmup: {} steps, but the run has run.steps = {}: the rate would "
                      "never be reached",
                      schedule.warmup, config.run.steps));
  const auto& overlong = config.rewards.overlong;
  require(overlong.penalty == OverlongConfig{}.penalty || overlong.buffer > 0,
          "rewards.overlong.penalty: rewards.overlong.buffer is 0, so that nothing is too long: "
          "leave it out");
}

// ETPO's improvement is computed with the head as a constant.
void check_trained(const TrainConfig& config) {
  const bool adapter = config.policy.trained() == Trained::kAdapter;
  require(!adapter || !config.policy.lora.targets.empty(),
          "policy.adapter.lora.targets: there is none, so that nothing would be trained");
  require(adapter || !resolve_algorithm(config.algorithm).learns_q(),
          "policy.train: full, but etpo trains an adapter only");
}

}  // namespace

void check_config(const TrainConfig& config, int world_size) {
  check_rollout(config.rollout);
  check_rewards(config.rewards);
  check_overlong(config);
  check_trained(config);
  noon_of(config.task.date);  // throws for what is no day
  check_kl(config);
  check_algorithm(config);
  check_start(config);
  check_keep_best(config);
  resolve_components(config);
  check_ema(config);
  check_unread_keys(config);
  Placement(config.placement, 0, world_size);
  check_minibatch(config);
  require(config.algorithm.minibatch <= config.rollout.batch,
          fmt::format("algorithm.minibatch: {} samples, but a step has only rollout.batch = {}",
                      config.algorithm.minibatch, config.rollout.batch));
  require(config.rollout.sampling.temperature > 0,
          "rollout.temperature: 0 is greedy decoding, from which nothing can be learned");
}

bool measures_answers(const TrainConfig& config) {
  const Algorithm algorithm = resolve_algorithm(config.algorithm);
  return algorithm.loss == PolicyLossKind::kSupervised || !config.rewards.configured;
}

at::ScalarType parse_precision(const std::string& precision, c10::Device device) {
  if (precision == "auto") return native_dtype(device);
  if (precision == "float32") return at::kFloat;
  if (precision == "bfloat16") return at::kBFloat16;
  if (precision == "float64") return at::kDouble;
  throw UsageError(
      fmt::format("precision '{}': expected auto, float32, bfloat16 or float64", precision));
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// What a Trainer does when training goes wrong: numbers that are not finite, a policy that runs
// away from its reference.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include <ATen/core/Tensor.h>
#include <c10/core/InferenceMode.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/model/response_scores.hpp"
#include "alarm/store/atomic_file.hpp"
#include "alarm/train/trainer.hpp"

#include "train/repeat_command.hpp"

namespace alarm_dist {
namespace {

constexpr std::size_t kLinesAStep = 3;  // of failures in the log

// Rewards are there where they were composed.
std::string to_json_lines(std::span<const Rollout> rollouts,
                          std::span<const ComposedReward> rewards) {
  std::string lines;
  for (std::size_t i = 0; i < rollouts.size(); ++i) {
    const Rollout& rollout = rollouts[i];
    nlohmann::ordered_json line{
        {"sample", rollout.sample_id},     {"record", rollout.record},
        {"prompt_tokens", rollout.prompt}, {"response_tokens", rollout.response},
        {"response", rollout.text},        {"policy_logprobs", rollout.policy_logprobs}};
    if (!rewards.empty()) line["rewards"] = rewards[i].rewards;
    for (const auto& component : rollout.trace.components) {
      if (!component.failure.empty()) line["failures"][component.name] = component.failure;
    }
    lines += line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
  }
  return lines;
}

const ComponentTrace* first_failure(const Rollout& rollout) {
  const auto& all = rollout.trace.components;
  const auto found =
      std::ranges::find_if(all, [](const ComponentTrace& c) { return !c.failure.empty(); });
  return found == all.end() ? nullptr : &*found;
}

bool has_nonfinite(const Rollout& rollout) {
  return std::ranges::any_of(rollout.trace.components, &ComponentTrace::nonfinite);
}

}  // namespace

Scalars Trainer::update(std::int64_t step, std::span<const Rollout> rollouts,
                        std::span<const ComposedReward> rewards) {
  try {
    Scalars learned = learner_->update(step, rollouts, rewards);
    leave_behind_skipped(step, rollouts, rewards);
    return learned;
  } catch (const NonFiniteError& error) {
    stop_nonfinite(step, error.what(), rollouts, rewards);
  }
}

// The same samples on every rank, so one of them tells.
void Trainer::report_failures(const std::string& where, std::span<const Rollout> failed) const {
  if (!is_root()) return;
  for (std::size_t i = 0; i < failed.size() && i < kLinesAStep; ++i) {
    const auto* failure = first_failure(failed[i]);
    log::warn("{}: component '{}' failed on sample {}: {}", where, failure->name,
              failed[i].sample_id, failure->failure);
  }
  if (failed.size() > kLinesAStep)
    log::warn("{}: and on {} more samples", where, failed.size() - kLinesAStep);
}

// A scorer's own failure (a time limit, an input it cannot read) drops the sample; a model whose
// score is not a number is what training must not go on with unasked.
void Trainer::check_scores(std::int64_t step, const std::string& where,
                           std::span<const Rollout> rollouts, std::size_t total) const {
  std::vector<Rollout> failed, nonfinite;
  for (const auto& rollout : rollouts) {
    if (first_failure(rollout) != nullptr) failed.push_back(rollout);
    if (has_nonfinite(rollout)) nonfinite.push_back(rollout);
  }
  report_failures(where, failed);
  if (nonfinite.empty() || config_.algorithm.on_nonfinite == OnNonFinite::kSkip) return;
  stop_nonfinite(step,
                 fmt::format("{}: {} of {} samples have a reward that is not finite", where,
                             nonfinite.size(), total),
                 nonfinite, {});
}

// Weights that are finite may give log-probabilities that are not. A checkpoint of such weights
// would be the newest, and every resumed run would die of it. Not collective: the writer asks.
void Trainer::probe_weights(std::int64_t step, const Rollout& probe) const {
  const c10::InferenceMode no_gradients;
  ResponseBatch rows;
  rows.add(probe.prompt, {&probe.response, 1});
  const double sum =
      score_responses(*policy_, rows, config_.rollout.sampling.temperature, Adapter::kOn)
          .logprobs_T.sum()
          .item<double>();
  if (std::isfinite(sum)) return;
  stop_nonfinite(step,
                 fmt::format("step {}: the updated weights give sample {} the log-probability {}: "
                             "no checkpoint is written",
                             step + 1, probe.sample_id, sum),
                 {&probe, 1}, {});
}

std::filesystem::path Trainer::leave_behind(std::int64_t step, std::span<const Rollout> rollouts,
                                            std::span<const ComposedReward> rewards) const {
  auto file = run_ / fmt::format("nonfinite/step-{:06}-rank-{}.jsonl", step + 1, world_.rank());
  std::filesystem::create_directories(file.parent_path());
  write_file_atomically(file, to_json_lines(rollouts, rewards));
  return file;
}

void Trainer::leave_behind_skipped(std::int64_t step, std::span<const Rollout> rollouts,
                                   std::span<const ComposedReward> rewards) const {
  const auto& skipped = learner_->left_out();
  if (skipped.empty() || !is_writer()) return;
  std::vector<Rollout> left_rollouts;
  std::vector<ComposedReward> left_rewards;
  for (std::size_t i = 0; i < rollouts.size(); ++i) {
    if (!skipped.contains(rollouts[i].sample_id)) continue;
    left_rollouts.push_back(rollouts[i]);
    left_rewards.push_back(rewards[i]);
  }
  log::warn("step {}: the samples that were left out are in {}", step + 1,
            leave_behind(step, left_rollouts, left_rewards).string());
}

// Steps are functions of their number, so the last checkpoint repeats the one that failed.
void Trainer::stop_nonfinite(std::int64_t step, const std::string& what,
                             std::span<const Rollout> rollouts,
                             std::span<const ComposedReward> rewards) const {
  const auto file = leave_behind(step, rollouts, rewards);
  const auto newest = checkpoints_.latest();
  throw NonFiniteError(fmt::format("{}; its samples are in {}; `{}` repeats it from {}", what,
                                   file.string(), repeat_command(world_, run_.path()),
                                   newest ? newest->string() : "the beginning"));
}

// Nothing can be left out here: the next step would generate with the same weights.
void Trainer::stop_generation(const NonFiniteRollout& error) const {
  const auto own = checkpoints_.path_of(state_.step);
  const auto way_back = std::filesystem::exists(own)
                            ? fmt::format(
                                  " (where it is the policy of that step that fails, {} holds it: "
                                  "without that folder --resume goes on from the one before)",
                                  own.string())
                            : "";
  stop_nonfinite(state_.step,
                 fmt::format("after step {}{}: {}", state_.step, way_back, error.what()),
                 {&error.rollout(), 1}, {});
}

// The same on every rank: the metrics are the learners', told to all. The checkpoint of step s
// holds the weights that are measured in step s + 1, so that is when it proves sound. Only periodic
// ones count: others, such as a stop signal's, would make the run depend on when it was
// interrupted.
void Trainer::hold_kl_bound(std::int64_t step, const Scalars& learned) {
  const auto& algorithm = config_.algorithm;
  const auto kl = find_scalar(learned, "kl/k1");
  if (algorithm.kl_bound <= 0 || !kl) return;
  const auto every = config_.checkpoint.every;
  if (*kl <= algorithm.kl_bound) {
    if (every > 0 && step > 0 && step % every == 0) state_.sound_step = step;
    return;
  }
  const auto what = fmt::format(
      "step {}: {:.3g} nats a response between policy and reference, the bound is {:.3g}", step + 1,
      *kl, algorithm.kl_bound);
  if (algorithm.on_kl_bound == OnKlBound::kStop)
    throw Error(what + " (algorithm.kl.on_bound: stop)");
  ALARM_CHECK(state_.sound_step >= 0,
              "{}, and no checkpoint has been found within it (checkpoint.every)", what);
  roll_back_to(state_.sound_step);
  if (is_root()) {
    log::warn("{}: back to the weights of step {}, with twice the coefficient", what,
              state_.sound_step);
  }
}

void Trainer::roll_back_to(std::int64_t step) {
  const auto checkpoint = checkpoints_.path_of(step);
  const TrainState saved = Checkpoints::load_state(checkpoint);
  Checkpoints::load_trained(checkpoint, *policy_);
  if (learner_) {
    Checkpoints::load_learner(checkpoint, saved, *learner_);
    learner_->kl().set_coefficient(2 * state_.kl_coefficient);
    state_.kl_coefficient = learner_->kl().coefficient();
  }
  state_.optimizer_steps = saved.optimizer_steps;
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// What a Trainer does when training goes wrong: numbers that are not finite, a policy that runs
// away from its reference.
#include <filesystem>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/store/atomic_file.hpp"
#include "alarm/train/trainer.hpp"

namespace alarm_dist {
namespace {

std::string to_json_lines(std::span<const Rollout> rollouts,
                          std::span<const ComposedReward> rewards) {
  std::string lines;
  for (std::size_t i = 0; i < rollouts.size(); ++i) {
    const Rollout& rollout = rollouts[i];
    const nlohmann::ordered_json line{
        {"sample", rollout.sample_id},     {"record", rollout.record},
        {"prompt_tokens", rollout.prompt}, {"response_tokens", rollout.response},
        {"response", rollout.text},        {"policy_logprobs", rollout.policy_logprobs},
        {"rewards", rewards[i].rewards}};
    lines += line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
  }
  return lines;
}

}  // namespace

// Steps are functions of their number, so the last checkpoint repeats the one that failed.
Scalars Trainer::update(std::int64_t step, std::span<const Rollout> rollouts,
                        std::span<const ComposedReward> rewards) {
  try {
    return learner_->update(step, rollouts, rewards);
  } catch (const NonFiniteError& error) {
    const auto file =
        run_ / fmt::format("nonfinite/step-{:06}-rank-{}.jsonl", step + 1, world_.rank());
    std::filesystem::create_directories(file.parent_path());
    write_file_atomically(file, to_json_lines(rollouts, rewards));
    throw NonFiniteError(
        fmt::format("{}; its samples are in {}; `alarm-dist train --resume` with this run's config "
                    "and --out {} repeats it",
                    error.what(), file.string(), run_.path().string()));
  }
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
  Checkpoints::load_adapter(checkpoint, *policy_);
  if (learner_) {
    Checkpoints::load_learner(checkpoint, saved, *learner_);
    learner_->kl().set_coefficient(2 * state_.kl_coefficient);
    state_.kl_coefficient = learner_->kl().coefficient();
  }
  state_.optimizer_steps = saved.optimizer_steps;
}

}  // namespace alarm_dist

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

double find(const Scalars& metrics, const std::string& key) {
  for (const auto& [name, value] : metrics) {
    if (name == key) return value;
  }
  return 0;  // a step that learned nothing
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

// A checkpoint of step s holds the weights that step s + 1 measures, so one that is older than the
// step has been found within the bound. Only periodic ones count: others, such as a stop signal's,
// would make the run depend on when it was interrupted.
std::string Trainer::checkpoint_before(std::int64_t step) const {
  std::string found;
  const auto every = config_.checkpoint.every;
  if (is_root() && every > 0) {
    for (auto saved = (step - 1) / every * every; saved > 0 && found.empty(); saved -= every) {
      if (saved < step && has_manifest(checkpoints_.path_of(saved)))
        found = checkpoints_.path_of(saved).string();
    }
  }
  return agree_on(found);
}

// The same on every rank: the metrics are the learners', told to all.
void Trainer::hold_kl_bound(std::int64_t step, const Scalars& learned) {
  const auto& algorithm = config_.algorithm;
  if (algorithm.kl_bound <= 0) return;
  const double kl = find(learned, "kl/k1");
  if (kl <= algorithm.kl_bound) return;
  const auto what = fmt::format(
      "step {}: {:.3g} nats a response between policy and reference, the bound is {:.3g}", step + 1,
      kl, algorithm.kl_bound);
  const auto checkpoint = checkpoint_before(step);
  if (algorithm.on_kl_bound == OnKlBound::kStop || checkpoint.empty()) {
    throw Error(what +
                (algorithm.on_kl_bound == OnKlBound::kRollback
                     ? ", and there is no earlier checkpoint to go back to (checkpoint.every, "
                       "checkpoint.keep)"
                     : " (algorithm.kl.on_bound: stop)"));
  }
  const TrainState saved = Checkpoints::load_state(checkpoint);
  Checkpoints::load_adapter(checkpoint, *policy_);
  if (learner_) {
    Checkpoints::load_learner(checkpoint, saved, *learner_);
    learner_->kl().set_coefficient(2 * state_.kl_coefficient);
    state_.kl_coefficient = learner_->kl().coefficient();
  }
  state_.optimizer_steps = saved.optimizer_steps;
  if (is_root())
    log::warn("{}: back to the weights of step {}, with twice the coefficient", what, saved.step);
}

}  // namespace alarm_dist

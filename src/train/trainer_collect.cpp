// SPDX-License-Identifier: Apache-2.0
// Where a Trainer's step gets its rollouts from, with DAPO's dynamic sampling: prompts whose
// samples all have one reward teach an algorithm that compares samples nothing, and are replaced.
#include <algorithm>
#include <functional>
#include <map>

#include <ATen/core/Tensor.h>

#include "alarm/base/log.hpp"
#include "alarm/rl/overlong.hpp"
#include "alarm/train/trainer.hpp"

#include "train/reference_answers.hpp"

namespace alarm_dist {
namespace {

using Groups = std::map<std::int64_t, std::vector<Rollout>>;

Groups by_prompt(std::vector<Rollout>&& rollouts) {
  Groups groups;
  for (auto& rollout : rollouts) groups[rollout.prompt_group].push_back(std::move(rollout));
  return groups;
}

// Whether the samples differ in what they are rewarded with; those that could not be scored do not
// count.
bool teaches(const std::vector<Rollout>& samples,
             const std::function<ComposedReward(const Rollout&)>& compose) {
  std::vector<double> totals;
  for (const auto& rollout : samples) {
    if (!rollout.failed_component().empty()) continue;
    totals.push_back(compose(rollout).total());
  }
  return std::ranges::count(totals, totals.empty() ? 0 : totals.front()) != std::ssize(totals);
}

// What is no component of the composition: about the response as a whole.
void add_to_last_token(const std::string& name, double value, ComposedReward& composed) {
  auto& by_token = composed.by_component[name];
  by_token.assign(composed.rewards.size(), 0.0);
  by_token.back() = value;
  composed.rewards.back() += value;
}

// With no useful prompt at all the step still has its metrics; its gradient is 0.
Groups::const_iterator first_scored(const Groups& groups) {
  const auto found = std::ranges::find_if(groups, [](const auto& group) {
    return std::ranges::any_of(
        group.second, [](const Rollout& rollout) { return rollout.failed_component().empty(); });
  });
  return found == groups.end() ? groups.begin() : found;
}

}  // namespace

// Round r > 0 asks the prompts of step + r, which asks them again in its turn; their samples are
// numbered on, so that each has draws of its own.
HarvestPlan Trainer::plan_rollouts(std::int64_t step, std::int64_t round) const {
  const auto prompts = config_.rollout.prompts();
  HarvestPlan plan{.name = fmt::format("train/{}/{}", step, round),
                   .dataset = &data_.train,
                   .samples_per_prompt = config_.rollout.samples_per_prompt,
                   .group_size = config_.rollout.group_size,
                   .sampling = config_.rollout.sampling,
                   .draws = {.seed = static_cast<std::uint64_t>(config_.run.seed),
                             .step = static_cast<std::uint32_t>(step)},
                   .adapter = Adapter::kOn,
                   .weights_version = state_.weights_version,
                   .first_prompt = round * prompts,
                   .first_greedy = algorithm_.first_sample == FirstSample::kGreedy};
  for (std::int64_t i = 0; i < prompts; ++i) {
    plan.records.push_back(prompts_.record(step + round, i));
  }
  return plan;
}

Harvest Trainer::collect(std::int64_t step) {
  if (algorithm_.data == StepData::kReferences) {
    return reference_answers(
        plan_rollouts(step, 0), *policy_, *tokenizer_,
        algorithm_.learns_preferences() ? WithRejected::kYes : WithRejected::kNo);
  }
  Harvest first = harvest_scored(step, plan_rollouts(step, 0));
  return algorithm_.dynamic_sampling ? replace_constant(step, std::move(first)) : first;
}

Harvest Trainer::harvest_scored(std::int64_t step, const HarvestPlan& plan) {
  Harvest harvested = harvest(world_, placement_, actors(), plan);
  check_scores(step, step < 0 ? plan.name : fmt::format("step {}", step + 1), harvested.rollouts,
               harvested.rollouts.size());
  return harvested;
}

// Dynamic sampling: rounds until every prompt teaches something.
Harvest Trainer::replace_constant(std::int64_t step, Harvest all) {
  const auto wanted = static_cast<std::size_t>(config_.rollout.prompts());
  Groups useful, constant;
  const auto sort_out = [&](std::vector<Rollout>&& rollouts) {
    for (auto& [prompt, samples] : by_prompt(std::move(rollouts))) {
      const bool good = teaches(samples, [&](const Rollout& rollout) { return compose(rollout); });
      if (!good)
        constant[prompt] = std::move(samples);
      else if (useful.size() < wanted)
        useful[prompt] = std::move(samples);
    }
  };
  sort_out(std::move(all.rollouts));
  for (; useful.size() < wanted && all.rounds < config_.algorithm.sampling_rounds; ++all.rounds) {
    Harvest more = harvest_scored(step, plan_rollouts(step, all.rounds));
    all.times += more.times;
    sort_out(std::move(more.rollouts));
  }
  if (useful.size() < wanted && is_root()) {
    log::warn("step {}: {} of {} prompts have samples with different rewards after {} rounds",
              step + 1, useful.size(), wanted, all.rounds);
  }
  if (useful.empty()) useful.insert(*first_scored(constant));
  all.rollouts.clear();
  for (auto& [prompt, samples] : useful) {
    std::move(samples.begin(), samples.end(), std::back_inserter(all.rollouts));
  }
  return all;
}

ComposedReward Trainer::compose(const Rollout& rollout) const {
  ComposedReward composed = (*composer_)(rollout);
  const auto& [buffer, penalty] = config_.rewards.overlong;
  if (buffer > 0) {
    const std::vector<std::int64_t> offsets{0, rollout.tokens()};
    const at::Tensor penalties =
        overlong_penalties(offsets, {.longest_tokens = config_.rollout.sampling.max_new_tokens,
                                     .buffer_tokens = buffer,
                                     .factor = penalty});
    add_to_last_token("overlong", penalties.const_data_ptr<double>()[0], composed);
  }
  if (config_.rewards.missing_end_penalty > 0) {
    add_to_last_token("missing_end", rollout.ended() ? 0 : -config_.rewards.missing_end_penalty,
                      composed);
  }
  return composed;
}

}  // namespace alarm_dist

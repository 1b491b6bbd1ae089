// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/evaluation.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"

namespace alarm_dist {
namespace {

// The same prompts in every run, spread over the data set.
std::vector<std::int64_t> choose_records(const Dataset& dataset, std::int64_t prompts) {
  auto order = draw_permutation({.seed = 0, .purpose = Purpose::kPromptOrder}, dataset.size());
  if (prompts > 0 && prompts < dataset.size()) order.resize(static_cast<std::size_t>(prompts));
  return order;
}

std::string finish_name(FinishReason reason) { return std::string(to_string(reason)); }

void keep_samples(const std::set<std::uint32_t>& wanted, HeldOutResult& result) {
  HeldOutResult kept{.rollouts = {}, .failed = std::move(result.failed), .values = {}};
  for (std::size_t i = 0; i < result.rollouts.size(); ++i) {
    if (!wanted.contains(result.rollouts[i].sample_id)) continue;
    kept.rollouts.push_back(std::move(result.rollouts[i]));
    for (const auto& [name, values] : result.values) kept.values[name].push_back(values[i]);
  }
  result = std::move(kept);
}

}  // namespace

void keep_common(HeldOutResult& a, HeldOutResult& b) {
  std::set<std::uint32_t> in_a, in_both;
  for (const auto& rollout : a.rollouts) in_a.insert(rollout.sample_id);
  for (const auto& rollout : b.rollouts) {
    if (in_a.contains(rollout.sample_id)) in_both.insert(rollout.sample_id);
  }
  keep_samples(in_both, a);
  keep_samples(in_both, b);
}

double HeldOutResult::mean(const std::string& name) const { return mean_of(values.at(name)); }

HeldOutResult evaluate_held_out(World& world, const Placement& placement, const Actors& actors,
                                const Composer& composer, const HeldOutPlan& plan) {
  HarvestPlan harvest_plan{.name = plan.name,
                           .dataset = plan.dataset,
                           .records = choose_records(*plan.dataset, plan.prompts),
                           .samples_per_prompt = 1,
                           .group_size = plan.group_size,
                           .sampling = plan.sampling,
                           .adapter = plan.adapter};
  harvest_plan.sampling.temperature = 0;
  HeldOutResult result;
  for (auto& rollout : harvest(world, placement, actors, harvest_plan).rollouts) {
    auto& place = rollout.failed_component().empty() ? result.rollouts : result.failed;
    place.push_back(std::move(rollout));
  }
  for (const auto& rollout : result.rollouts) {
    result.values["length"].push_back(static_cast<double>(rollout.tokens()));
    if (!composer.has_rewards()) continue;
    result.values["holistic"].push_back(composer.value(rollout, composer.config().holistic));
    for (const auto& aspect : composer.aspects())
      result.values[aspect].push_back(composer.value(rollout, aspect));
    const auto composed = composer(rollout);
    double reward = 0;
    for (const auto r : composed.rewards) reward += r;
    result.values["reward"].push_back(reward);
  }
  return result;
}

Evaluation compare(const HeldOutResult& before, const HeldOutResult& after,
                   const Composer& composer, std::uint64_t seed) {
  Evaluation evaluation{.prompts = static_cast<std::int64_t>(before.rollouts.size()),
                        .split = "test"};
  const auto add = [&](const std::string& name, RowRole role) {
    evaluation.add(name, role, {.before = before.values.at(name), .after = after.values.at(name)},
                   seed);
  };
  if (!composer.has_rewards()) {
    add(kAnswerLogprob, RowRole::kHolistic);
    add("length", RowRole::kOther);
    return evaluation;
  }
  add("holistic", RowRole::kHolistic);
  for (const auto& aspect : composer.aspects()) {
    add(aspect, composer.in_use(aspect) ? RowRole::kAspect : RowRole::kOther);
  }
  add("reward", RowRole::kOther);
  add("length", RowRole::kOther);
  return evaluation;
}

SampleRecord to_sample_record(const Rollout& rollout, const Record& record,
                              const ComposedReward& reward, const Tokenizer& tokenizer,
                              std::int64_t step, const std::string& phase) {
  SampleRecord sample{.step = step, .sample_id = rollout.sample_id, .phase = phase};
  sample.record_id = record.id;
  sample.aspect = record.aspect;
  sample.prompt = tokenizer.decode(rollout.prompt).text;
  sample.response = rollout.text;
  sample.reference = record.reference;
  sample.finish = finish_name(rollout.finish);
  for (const auto& span : rollout.token_offsets) {
    sample.tokens.push_back(rollout.text.substr(static_cast<std::size_t>(span.begin),
                                                static_cast<std::size_t>(span.end - span.begin)));
  }
  sample.rewards = reward.rewards;
  sample.components = reward.by_component;
  sample.holistic = reward.holistic;
  sample.passed = reward.passed;
  for (const auto& component : rollout.trace.components) {
    for (const auto& mark : component.marks) sample.marks.emplace_back(mark.begin, mark.end);
  }
  return sample;
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/evaluation.hpp"

#include <algorithm>

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

}  // namespace

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
  result.rollouts = harvest(world, placement, actors, harvest_plan).rollouts;
  for (const auto& rollout : result.rollouts) {
    ALARM_CHECK(rollout.failed_component().empty(),
                "{}: '{}' failed on sample {}: held-out scores must be complete", plan.name,
                rollout.failed_component(), rollout.sample_id);
    result.values["holistic"].push_back(composer.value(rollout, composer.config().holistic));
    for (const auto& aspect : composer.aspects())
      result.values[aspect].push_back(composer.value(rollout, aspect));
    const auto composed = composer(rollout);
    double reward = 0;
    for (const auto r : composed.rewards) reward += r;
    result.values["reward"].push_back(reward);
    result.values["length"].push_back(static_cast<double>(rollout.tokens()));
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

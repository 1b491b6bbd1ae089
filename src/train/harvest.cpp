// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/harvest.hpp"

#include <algorithm>

#include "alarm/base/clock.hpp"
#include "alarm/base/error.hpp"

#include "train/prompt_tokens.hpp"

namespace alarm_dist {
namespace {

constexpr int kRolloutTag = 1;

GenerationRequest make_request(const Actors& actors, const HarvestPlan& plan, std::int64_t prompt,
                               std::int64_t sample) {
  const Record& record = plan.dataset->at(plan.records[static_cast<std::size_t>(prompt)]);
  return {.prompt = prompt_tokens(*actors.tokenizer, record),
          .sample_id = static_cast<std::uint32_t>(
              (plan.first_prompt + prompt) * plan.samples_per_prompt + sample),
          .greedy = plan.first_greedy && sample == 0};
}

Rollout make_rollout(const Actors& actors, const HarvestPlan& plan,
                     const GenerationRequest& request, Generation generation) {
  Rollout rollout;
  rollout.step = plan.draws.step;
  rollout.sample_id = request.sample_id;
  rollout.prompt_group = request.sample_id / plan.samples_per_prompt;
  rollout.record = plan.records[static_cast<std::size_t>(rollout.prompt_group - plan.first_prompt)];
  rollout.prompt = request.prompt;
  rollout.response = std::move(generation.tokens);
  rollout.sampled_logprobs = std::move(generation.sampled_logprobs);
  rollout.policy_logprobs = std::move(generation.policy_logprobs);
  rollout.finish = generation.finish;
  rollout.greedy = request.greedy;
  rollout.weights_version = plan.weights_version;
  auto decoded = actors.tokenizer->decode(rollout.response);
  rollout.text = std::move(decoded.text);
  rollout.token_offsets = std::move(decoded.offsets);
  return rollout;
}

// Colocated: claim, generate, score, claim the next.
std::vector<Rollout> work_colocated(World& world, const Actors& actors, const HarvestPlan& plan,
                                    HarvestTimes& times) {
  std::vector<Rollout> done;
  for (;;) {
    Stopwatch clock;
    const auto group = world.control().claim(plan.name);
    times.wait_s += clock.lap();
    if (group >= plan.groups()) return done;
    world.control().set_doing(fmt::format("generating group {} of {}", group, plan.name));
    auto rollouts = generate_group(actors, plan, group);
    times.generate_s += clock.lap();
    if (actors.rewards != nullptr) {
      world.control().set_doing(fmt::format("scoring group {} of {}", group, plan.name));
      score_rollouts(*actors.rewards, *plan.dataset, rollouts);
      times.score_s += clock.lap();
    }
    std::move(rollouts.begin(), rollouts.end(), std::back_inserter(done));
  }
}

// Finished groups stream to the reward actors while the next ones are generated.
void work_rollout_actor(World& world, const Placement& placement, const Actors& actors,
                        const HarvestPlan& plan, HarvestTimes& times) {
  for (;;) {
    Stopwatch clock;
    const auto group = world.control().claim(plan.name);
    times.wait_s += clock.lap();
    if (group >= plan.groups()) break;
    world.control().set_doing(fmt::format("generating group {} of {}", group, plan.name));
    const auto rollouts = generate_group(actors, plan, group);
    times.generate_s += clock.lap();
    const int to = placement.first_rewarder() + static_cast<int>(group % placement.rewarders());
    world.mailbox().send(to, kRolloutTag, pack_rollouts(rollouts));
  }
  world.mailbox().flush();
}

std::vector<Rollout> work_reward_actor(World& world, const Placement& placement,
                                       const Actors& actors, const HarvestPlan& plan,
                                       HarvestTimes& times) {
  std::vector<Rollout> done;
  const std::int64_t mine = world.rank() - placement.first_rewarder();
  for (std::int64_t group = mine; group < plan.groups(); group += placement.rewarders()) {
    Stopwatch clock;
    world.control().set_doing(fmt::format("waiting for rollouts of {}", plan.name));
    auto rollouts = unpack_rollouts(world.mailbox().receive(kRolloutTag).payload);
    times.wait_s += clock.lap();
    world.control().set_doing(fmt::format("scoring a group of {}", plan.name));
    if (actors.rewards != nullptr) score_rollouts(*actors.rewards, *plan.dataset, rollouts);
    times.score_s += clock.lap();
    std::move(rollouts.begin(), rollouts.end(), std::back_inserter(done));
  }
  return done;
}

std::vector<Generation> answer(const Actors& actors, const HarvestPlan& plan,
                               std::span<const GenerationRequest> requests) {
  try {
    return generate(*actors.policy, requests, plan.sampling, plan.draws, plan.adapter);
  } catch (const NonFiniteGeneration& error) {
    throw NonFiniteRollout(fmt::format("{}: {}", plan.name, error.what()),
                           make_rollout(actors, plan, error.request(), error.generation()));
  }
}

}  // namespace

HarvestTimes& HarvestTimes::operator+=(const HarvestTimes& more) {
  generate_s += more.generate_s;
  score_s += more.score_s;
  wait_s += more.wait_s;
  return *this;
}

std::int64_t HarvestPlan::prompts_per_group() const {
  return std::max<std::int64_t>(1, group_size / samples_per_prompt);
}

std::int64_t HarvestPlan::groups() const {
  const auto prompts = static_cast<std::int64_t>(records.size());
  return (prompts + prompts_per_group() - 1) / prompts_per_group();
}

std::vector<Rollout> generate_group(const Actors& actors, const HarvestPlan& plan,
                                    std::int64_t group) {
  std::vector<GenerationRequest> requests;
  const auto begin = group * plan.prompts_per_group();
  const auto end =
      std::min(begin + plan.prompts_per_group(), static_cast<std::int64_t>(plan.records.size()));
  for (auto prompt = begin; prompt < end; ++prompt) {
    for (std::int64_t j = 0; j < plan.samples_per_prompt; ++j)
      requests.push_back(make_request(actors, plan, prompt, j));
  }
  auto generations = answer(actors, plan, requests);
  std::vector<Rollout> rollouts;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    rollouts.push_back(make_rollout(actors, plan, requests[i], std::move(generations[i])));
  }
  return rollouts;
}

void score_rollouts(RewardPanel& rewards, const Dataset& dataset, std::vector<Rollout>& rollouts) {
  std::vector<ScoredResponse> responses;
  for (const auto& rollout : rollouts) {
    responses.push_back({.record = &dataset.at(rollout.record),
                         .sample_id = rollout.sample_id,
                         .text = rollout.text,
                         .token_offsets = rollout.token_offsets});
  }
  auto traces = rewards.score(responses);
  for (std::size_t i = 0; i < rollouts.size(); ++i) rollouts[i].trace = std::move(traces[i]);
}

Harvest harvest(World& world, const Placement& placement, const Actors& actors,
                const HarvestPlan& plan) {
  Harvest result;
  std::vector<Rollout> mine;
  switch (placement.role()) {
    case Role::kColocated:
      mine = work_colocated(world, actors, plan, result.times);
      break;
    case Role::kRollout:
      work_rollout_actor(world, placement, actors, plan, result.times);
      break;
    case Role::kReward:
      mine = work_reward_actor(world, placement, actors, plan, result.times);
      break;
    case Role::kLearner:
      break;
  }
  Stopwatch clock;
  world.control().set_doing(fmt::format("gathering the rollouts of {}", plan.name));
  for (const auto& bytes : gather_bytes(world.communicator(), pack_rollouts(mine))) {
    auto part = unpack_rollouts(bytes);
    std::move(part.begin(), part.end(), std::back_inserter(result.rollouts));
  }
  result.times.wait_s += clock.lap();
  std::sort(result.rollouts.begin(), result.rollouts.end(),
            [](const auto& a, const auto& b) { return a.sample_id < b.sample_id; });
  const auto expected = static_cast<std::int64_t>(plan.records.size()) * plan.samples_per_prompt;
  ALARM_CHECK(static_cast<std::int64_t>(result.rollouts.size()) == expected,
              "{}: {} rollouts arrived, expected {}", plan.name, result.rollouts.size(), expected);
  return result;
}

}  // namespace alarm_dist

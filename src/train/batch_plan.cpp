// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/batch_plan.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

namespace alarm_dist {
namespace {

using Groups = std::map<std::int64_t, std::vector<std::int64_t>>;  // prompt group -> samples

std::int64_t prompt_rows(std::span<const Rollout> rollouts, const PlanUnit& unit) {
  return static_cast<std::int64_t>(
      rollouts[static_cast<std::size_t>(unit.samples.front())].prompt.size());
}

// The samples of one prompt in pieces that fit the budget.
std::vector<PlanUnit> units_of(std::span<const Rollout> rollouts,
                               std::span<const std::int64_t> samples, std::int64_t micro_tokens) {
  std::vector<PlanUnit> units;
  for (const auto sample : samples) {
    const auto rows = rollouts[static_cast<std::size_t>(sample)].tokens();
    if (units.empty() || units.back().rows + rows > micro_tokens) {
      units.push_back({.samples = {sample}, .rows = 0});
      units.back().rows = prompt_rows(rollouts, units.back()) + rows;
    } else {
      units.back().samples.push_back(sample);
      units.back().rows += rows;
    }
  }
  return units;
}

// Longest first onto the least loaded rank: balanced to within one unit, the same on every rank.
std::vector<std::vector<PlanUnit>> share_out(std::vector<PlanUnit> units, int ranks) {
  std::stable_sort(units.begin(), units.end(),
                   [](const auto& a, const auto& b) { return a.rows > b.rows; });
  std::vector<std::vector<PlanUnit>> shares(static_cast<std::size_t>(ranks));
  std::vector<std::int64_t> load(shares.size(), 0);
  for (auto& unit : units) {
    const auto least = std::min_element(load.begin(), load.end()) - load.begin();
    load[static_cast<std::size_t>(least)] += unit.rows;
    shares[static_cast<std::size_t>(least)].push_back(std::move(unit));
  }
  return shares;
}

std::vector<MicroBatch> pack(std::vector<PlanUnit> units, std::int64_t micro_tokens) {
  std::vector<MicroBatch> batches;
  std::int64_t rows = 0;
  for (auto& unit : units) {
    if (batches.empty() || rows + unit.rows > micro_tokens) {
      batches.emplace_back();
      rows = 0;
    }
    rows += unit.rows;
    batches.back().push_back(std::move(unit));
  }
  return batches;
}

MiniBatchPlan plan_one(std::span<const Rollout> rollouts,
                       const std::vector<std::vector<std::int64_t>>& groups,
                       const PlanConfig& config) {
  MiniBatchPlan plan;
  std::vector<PlanUnit> units;
  for (const auto& samples : groups) {
    for (const auto sample : samples) {
      plan.samples += 1;
      plan.tokens += rollouts[static_cast<std::size_t>(sample)].tokens();
    }
    const auto budget =
        config.prompts > 0 ? std::numeric_limits<std::int64_t>::max() : config.micro_tokens;
    for (auto& unit : units_of(rollouts, samples, budget)) units.push_back(std::move(unit));
  }
  for (auto& share : share_out(std::move(units), config.ranks)) {
    plan.by_rank.push_back(pack(std::move(share), config.micro_tokens));
  }
  return plan;
}

}  // namespace

std::vector<MiniBatchPlan> plan_minibatches(std::span<const Rollout> rollouts,
                                            std::span<const std::int64_t> order,
                                            const PlanConfig& config) {
  Groups groups;
  for (std::size_t i = 0; i < rollouts.size(); ++i) {
    groups[rollouts[i].prompt_group].push_back(static_cast<std::int64_t>(i));
  }
  std::vector<MiniBatchPlan> plans;
  std::vector<std::vector<std::int64_t>> open;
  std::int64_t samples = 0;
  const auto close = [&] {
    if (!open.empty()) plans.push_back(plan_one(rollouts, open, config));
    open.clear();
    samples = 0;
  };
  for (const auto group : order) {
    const auto found = groups.find(group);
    if (found == groups.end()) continue;  // every sample of it was dropped
    const auto size = static_cast<std::int64_t>(found->second.size());
    const bool full = config.prompts > 0 ? std::ssize(open) == config.prompts
                                         : samples > 0 && samples + size > config.minibatch;
    if (full) close();
    open.push_back(found->second);
    samples += size;
  }
  close();
  return plans;
}

}  // namespace alarm_dist

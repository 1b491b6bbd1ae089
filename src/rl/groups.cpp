// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/groups.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <vector>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "alarm/base/error.hpp"

#include "rl/ragged.hpp"

namespace alarm_dist {
namespace {

// The rewards of one group, two or more.
struct Group {
  std::vector<double> rewards;

  double count() const { return static_cast<double>(rewards.size()); }
  double mean() const {
    double sum = 0;
    for (const double reward : rewards) sum += reward;
    return sum / count();
  }
  double deviation() const {
    const double centre = mean();
    double squares = 0;
    for (const double reward : rewards) squares += (reward - centre) * (reward - centre);
    return std::sqrt(squares / (count() - 1));
  }
  bool is_constant() const {
    return std::ranges::count(rewards, rewards.front()) == std::ssize(rewards);
  }
};

std::map<std::int64_t, Group> collect(const std::vector<double>& rewards,
                                      std::span<const std::int64_t> groups) {
  ALARM_CHECK(rewards.size() == groups.size(),
              "groups: expected one for each of {} responses, got {}", rewards.size(),
              groups.size());
  std::map<std::int64_t, Group> by_name;
  for (std::size_t r = 0; r < rewards.size(); ++r) by_name[groups[r]].rewards.push_back(rewards[r]);
  for (const auto& [name, group] : by_name) {
    ALARM_CHECK(group.rewards.size() > 1,
                "prompt group {} has one response: nothing to compare it with", name);
  }
  return by_name;
}

// (reward - mean) * scale(group).
at::Tensor centre(const at::Tensor& rewards_R, std::span<const std::int64_t> groups,
                  const std::function<double(const Group&)>& scale) {
  auto values = rl::host_values(rewards_R);
  struct Transform {
    double mean;
    double scale;
  };
  std::map<std::int64_t, Transform> transforms;
  for (const auto& [name, group] : collect(values, groups)) {
    // The mean of equal numbers need not equal them.
    transforms[name] = {group.is_constant() ? group.rewards.front() : group.mean(), scale(group)};
  }
  for (std::size_t r = 0; r < values.size(); ++r) {
    const auto& transform = transforms.at(groups[r]);
    values[r] = (values[r] - transform.mean) * transform.scale;
  }
  return rl::like(rewards_R, values);
}

std::vector<std::int64_t> names_where(const at::Tensor& metric_R,
                                      std::span<const std::int64_t> groups,
                                      const std::function<bool(const Group&)>& holds) {
  std::vector<std::int64_t> names;
  for (const auto& [name, group] : collect(rl::host_values(metric_R), groups)) {
    if (holds(group)) names.push_back(name);
  }
  return names;
}

}  // namespace

at::Tensor group_centred(const at::Tensor& rewards_R, std::span<const std::int64_t> groups) {
  return centre(rewards_R, groups, [](const Group&) { return 1.0; });
}

at::Tensor grpo_advantages(const at::Tensor& rewards_R, std::span<const std::int64_t> groups,
                           double epsilon) {
  ALARM_CHECK(epsilon > 0, "GRPO epsilon: expected a number > 0, got {}", epsilon);
  return centre(rewards_R, groups,
                [&](const Group& group) { return 1 / (group.deviation() + epsilon); });
}

at::Tensor batch_scaled_advantages(const at::Tensor& rewards_R,
                                   std::span<const std::int64_t> groups, const Moments& batch,
                                   double epsilon) {
  ALARM_CHECK(epsilon > 0, "batch-scaled advantages: expected an epsilon > 0, got {}", epsilon);
  ALARM_CHECK(batch.count > 1, "batch-scaled advantages: expected moments of 2 rewards, got {}",
              batch.count);
  const double squares = batch.squares - batch.sum * batch.sum / batch.count;
  const double deviation = std::sqrt(std::max(squares, 0.0) / (batch.count - 1));
  return group_centred(rewards_R, groups) / (deviation + epsilon);
}

at::Tensor rloo_advantages(const at::Tensor& rewards_R, std::span<const std::int64_t> groups) {
  return centre(rewards_R, groups,
                [](const Group& group) { return group.count() / (group.count() - 1); });
}

std::vector<std::int64_t> constant_groups(const at::Tensor& metric_R,
                                          std::span<const std::int64_t> groups) {
  return names_where(metric_R, groups, [](const Group& group) { return group.is_constant(); });
}

std::int64_t count_constant_groups(const at::Tensor& rewards_R,
                                   std::span<const std::int64_t> groups) {
  return std::ssize(constant_groups(rewards_R, groups));
}

std::vector<std::int64_t> groups_outside(const at::Tensor& metric_R,
                                         std::span<const std::int64_t> groups,
                                         const MetricRange& range) {
  ALARM_CHECK(range.low < range.high, "range of the metric: expected low < high, got {} and {}",
              range.low, range.high);
  return names_where(metric_R, groups, [&](const Group& group) {
    return !(group.mean() > range.low && group.mean() < range.high);
  });
}

at::Tensor keep_groups(std::span<const std::int64_t> groups,
                       std::span<const std::int64_t> dropped) {
  at::Tensor kept_R = at::ones({std::ssize(groups)}, at::kBool);
  for (std::size_t r = 0; r < groups.size(); ++r) {
    if (std::ranges::find(dropped, groups[r]) != dropped.end())
      kept_R.mutable_data_ptr<bool>()[r] = false;
  }
  return kept_R;
}

at::Tensor reward_to_go(const at::Tensor& rewards_T, std::span<const std::int64_t> offsets,
                        double gamma) {
  rl::check_offsets(offsets, rewards_T.size(0));
  auto values = rl::host_values(rewards_T);
  for (std::size_t r = 0; r + 1 < offsets.size(); ++r) {
    double rest = 0;
    for (auto t = static_cast<std::size_t>(offsets[r + 1]);
         t-- > static_cast<std::size_t>(offsets[r]);) {
      rest = values[t] + gamma * rest;
      values[t] = rest;
    }
  }
  return rl::like(rewards_T, values);
}

at::Tensor spread_over_tokens(const at::Tensor& values_R, std::span<const std::int64_t> offsets) {
  rl::check_offsets(offsets, offsets.empty() ? 0 : offsets.back());
  ALARM_CHECK(values_R.dim() == 1 && values_R.size(0) == std::ssize(offsets) - 1,
              "expected one value for each of {} responses, got {}", std::ssize(offsets) - 1,
              values_R.numel());
  return values_R.index_select(0, rl::response_of_tokens(offsets).to(values_R.device()));
}

at::Tensor sum_responses(const at::Tensor& values_T, std::span<const std::int64_t> offsets) {
  rl::check_offsets(offsets, values_T.size(0));
  return values_T.new_zeros({std::ssize(offsets) - 1})
      .index_add(0, rl::response_of_tokens(offsets).to(values_T.device()), values_T);
}

}  // namespace alarm_dist

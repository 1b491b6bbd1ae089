// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/groups.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <vector>

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

at::Tensor rloo_advantages(const at::Tensor& rewards_R, std::span<const std::int64_t> groups) {
  return centre(rewards_R, groups,
                [](const Group& group) { return group.count() / (group.count() - 1); });
}

std::int64_t count_constant_groups(const at::Tensor& rewards_R,
                                   std::span<const std::int64_t> groups) {
  const auto by_name = collect(rl::host_values(rewards_R), groups);
  return std::ranges::count_if(by_name,
                               [](const auto& entry) { return entry.second.is_constant(); });
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

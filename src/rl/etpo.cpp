// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/etpo.hpp"

#include <vector>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Reduction.h>
#include <ATen/core/grad_mode.h>

#include "alarm/base/error.hpp"

#include "rl/ragged.hpp"

namespace alarm_dist {
namespace {

void check_rows(const at::Tensor& values_NV, const at::Tensor& expected_NV, const char* name) {
  ALARM_CHECK(values_NV.dim() == 2 && values_NV.sizes() == expected_NV.sizes(),
              "{}: expected {} states of {} tokens, got {} values in {} dimensions", name,
              expected_NV.size(0), expected_NV.size(-1), values_NV.numel(), values_NV.dim());
}

}  // namespace

at::Tensor soft_values(const at::Tensor& policy_NV, const at::Tensor& reference_NV,
                       const at::Tensor& q_NV, double beta) {
  return -etpo_policy_terms(policy_NV.detach(), reference_NV, q_NV, beta);
}

at::Tensor soft_bellman_targets(const at::Tensor& values_T, std::span<const std::int64_t> offsets,
                                const ActionOutcomes& outcomes, double gamma) {
  rl::check_offsets(offsets, values_T.size(0));
  rl::check_responses(outcomes.next_values_A, outcomes.rewards_A, "next values");
  ALARM_CHECK(outcomes.rewards_A.size(0) == std::ssize(offsets) - 1,
              "rewards: expected one for each of {} actions, got {}", std::ssize(offsets) - 1,
              outcomes.rewards_A.size(0));
  const auto values = rl::host_values(values_T);
  const auto rewards = rl::host_values(outcomes.rewards_A);
  const auto next = rl::host_values(outcomes.next_values_A);
  std::vector<double> targets(values.size());
  for (std::size_t a = 0; a + 1 < offsets.size(); ++a) {
    const auto begin = static_cast<std::size_t>(offsets[a]);
    const auto end = static_cast<std::size_t>(offsets[a + 1]);
    for (std::size_t t = begin; t < end; ++t)
      targets[t] = t + 1 < end ? values[t + 1] : rewards[a] + gamma * next[a];
  }
  return rl::like(values_T, targets);
}

at::Tensor next_action_values(const at::Tensor& values_T, std::span<const std::int64_t> offsets,
                              std::span<const std::int64_t> episodes) {
  rl::check_offsets(offsets, values_T.size(0));
  rl::check_offsets(episodes, std::ssize(offsets) - 1);
  const auto values = rl::host_values(values_T);
  std::vector<double> next(offsets.size() - 1);
  for (std::size_t e = 0; e + 1 < episodes.size(); ++e) {
    for (auto a = episodes[e]; a + 1 < episodes[e + 1]; ++a) {
      const auto first = static_cast<std::size_t>(offsets[static_cast<std::size_t>(a) + 1]);
      const auto last = static_cast<std::size_t>(offsets[static_cast<std::size_t>(a) + 2]);
      ALARM_CHECK(first < last, "action {} has no token, so that the state before it has no value",
                  a + 1);
      next[static_cast<std::size_t>(a)] = values[first];
    }
  }
  return rl::like(values_T, next);
}

at::Tensor etpo_critic_terms(const at::Tensor& q_T, const at::Tensor& targets_T, double delta) {
  rl::check_tokens(targets_T, q_T, "targets");
  ALARM_CHECK(delta > 0, "Huber loss: expected a delta > 0, got {}", delta);
  return at::huber_loss(q_T, targets_T.detach(), at::Reduction::None, delta);
}

at::Tensor etpo_policy_terms(const at::Tensor& policy_NV, const at::Tensor& reference_NV,
                             const at::Tensor& q_NV, double beta) {
  check_rows(reference_NV, policy_NV, "reference");
  check_rows(q_NV, policy_NV, "Q-values");
  const at::Tensor cost_NV = beta * (policy_NV - reference_NV.detach()) - q_NV.detach();
  return (policy_NV.exp() * cost_NV).sum(-1);
}

void polyak_average(std::span<const at::Tensor> targets, std::span<const at::Tensor> onlines,
                    double keep) {
  ALARM_CHECK(targets.size() == onlines.size(), "Polyak average: {} tensors, but {} to follow",
              targets.size(), onlines.size());
  ALARM_CHECK(keep >= 0 && keep <= 1, "Polyak average: expected a weight from 0 to 1, got {}",
              keep);
  const at::NoGradGuard guard;
  for (std::size_t i = 0; i < targets.size(); ++i) targets[i].lerp_(onlines[i], 1 - keep);
}

}  // namespace alarm_dist

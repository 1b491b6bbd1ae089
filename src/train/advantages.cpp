// SPDX-License-Identifier: Apache-2.0
#include "train/advantages.hpp"

#include <map>
#include <set>
#include <vector>

#include <ATen/ATen.h>

#include "alarm/base/error.hpp"
#include "alarm/rl/etpo.hpp"
#include "alarm/rl/groups.hpp"

namespace alarm_dist {
namespace {

// The responses that have others to the same prompt beside them: what they earned, and their
// prompts.
struct Comparable {
  std::vector<std::int64_t> rows, groups;
  at::Tensor index, rewards_R;
};

Comparable comparable(const at::Tensor& rewards_T, std::span<const std::int64_t> offsets,
                      std::span<const std::int64_t> groups) {
  std::map<std::int64_t, int> count;
  for (const auto group : groups) count[group] += 1;
  Comparable found;
  for (std::size_t r = 0; r < groups.size(); ++r) {
    if (count[groups[r]] < 2) continue;
    found.rows.push_back(static_cast<std::int64_t>(r));
    found.groups.push_back(groups[r]);
  }
  found.index = at::tensor(found.rows, at::kLong);
  found.rewards_R = sum_responses(rewards_T, offsets).index_select(0, found.index);
  return found;
}

at::Tensor compare(const Algorithm& algorithm, double epsilon, const at::Tensor& rewards_R,
                   std::span<const std::int64_t> groups) {
  switch (algorithm.advantage) {
    case AdvantageKind::kGroupNormalized:
      return grpo_advantages(rewards_R, groups, epsilon);
    case AdvantageKind::kBatchNormalized:
      return batch_scaled_advantages(rewards_R, groups, moments(rewards_R), epsilon);
    case AdvantageKind::kLeaveOneOut:
      return rloo_advantages(rewards_R, groups);
    default:
      return group_centred(rewards_R, groups);
  }
}

at::Tensor group_advantages(const Algorithm& algorithm, double epsilon, const StepNumbers& step) {
  const auto found = comparable(step.rewards_T, step.offsets, step.groups);
  at::Tensor advantages_R = at::zeros({std::ssize(step.groups)}, step.rewards_T.options());
  if (!found.rows.empty()) {
    advantages_R.index_copy_(0, found.index,
                             compare(algorithm, epsilon, found.rewards_R, found.groups));
  }
  return spread_over_tokens(advantages_R, step.offsets);
}

// What Q should say of each token. A response is one action and a whole episode, so nothing is
// discounted; a token's own reward is paid where it is emitted, and the action earns their sum.
at::Tensor q_targets(const StepNumbers& step) {
  const at::Tensor none_R = at::zeros({std::ssize(step.offsets) - 1}, step.rewards_T.options());
  return step.rewards_T + soft_bellman_targets(step.values_T, step.offsets, {none_R, none_R}, 1);
}

Correction correction_of(const CorrectionConfig& config, const at::Tensor& old_T,
                         const at::Tensor& rollout_T, std::span<const std::int64_t> offsets) {
  const auto level = config.by_sequence ? ImportanceLevel::kSequence : ImportanceLevel::kToken;
  const RatioBounds bounds{.low = config.low, .high = config.high};
  switch (config.kind) {
    case CorrectionKind::kTruncated:
      return truncated_importance(old_T, rollout_T, offsets, level, config.high);
    case CorrectionKind::kMasked:
      return masked_importance(old_T, rollout_T, offsets, level, bounds);
    case CorrectionKind::kGeometric:
      return geometric_rejection(old_T, rollout_T, offsets, bounds);
    case CorrectionKind::kDivergence:
      return divergence_rejection(old_T, rollout_T, offsets, config.high);
    case CorrectionKind::kNone:
      break;
  }
  return {at::ones_like(old_T), at::ones(old_T.sizes(), at::kBool)};
}

// Each token counts once, or each response where all its tokens have one weight.
at::Tensor shares_T(const CorrectionConfig& config, const at::Tensor& kept_T,
                    std::span<const std::int64_t> offsets) {
  at::Tensor ones_T = kept_T.to(at::kDouble);
  if (!config.by_sequence) return ones_T;
  return ones_T / spread_over_tokens(sum_responses(at::ones_like(ones_T), offsets), offsets);
}

}  // namespace

Advantages estimate_advantages(const Algorithm& algorithm, const AlgorithmConfig& config,
                               const StepNumbers& step) {
  switch (algorithm.advantage) {
    case AdvantageKind::kGae:
      return gae(step.rewards_T, step.values_T, step.offsets, config.gamma, config.lambda);
    case AdvantageKind::kNone: {
      const auto none = at::zeros_like(step.rewards_T);
      return {none, algorithm.learns_q() ? q_targets(step) : none};
    }
    case AdvantageKind::kRewardToGo: {
      const auto to_go = reward_to_go(step.rewards_T, step.offsets, config.gamma);
      return {to_go, to_go};
    }
    default: {
      const auto compared = group_advantages(algorithm, config.group_epsilon, step);
      return {compared, compared};
    }
  }
}

std::vector<std::int64_t> prompt_groups(std::span<const Rollout> rollouts) {
  std::vector<std::int64_t> groups;
  for (const auto& rollout : rollouts) groups.push_back(rollout.prompt_group);
  return groups;
}

double constant_share(const at::Tensor& rewards_T, std::span<const std::int64_t> offsets,
                      std::span<const std::int64_t> groups) {
  const auto found = comparable(rewards_T, offsets, groups);
  if (found.rows.empty()) return 0;
  const std::set<std::int64_t> distinct(found.groups.begin(), found.groups.end());
  return static_cast<double>(count_constant_groups(found.rewards_R, found.groups)) /
         static_cast<double>(distinct.size());
}

Correction correct_off_policy(const CorrectionConfig& config, const at::Tensor& old_T,
                              const at::Tensor& rollout_T, std::span<const std::int64_t> offsets) {
  auto correction = correction_of(config, old_T, rollout_T, offsets);
  if (!config.normalize) return correction;
  const auto counted_T = shares_T(config, correction.kept_T, offsets);
  correction.weights_T = normalize_weights(correction.weights_T,
                                           (correction.weights_T * counted_T).sum().item<double>(),
                                           counted_T.sum().item<double>());
  return correction;
}

}  // namespace alarm_dist

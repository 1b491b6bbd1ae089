// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/ppo.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "alarm/base/error.hpp"

#include "rl/clipped.hpp"
#include "rl/ragged.hpp"

namespace alarm_dist {

using rl::check_tokens;

Advantages gae(const at::Tensor& rewards_T, const at::Tensor& values_T,
               std::span<const std::int64_t> offsets, double gamma, double lambda) {
  check_tokens(values_T, rewards_T, "values");
  rl::check_offsets(offsets, rewards_T.size(0));
  const auto rewards = rl::host_values(rewards_T);
  const auto values = rl::host_values(values_T);
  std::vector<double> advantages(rewards.size());
  std::vector<double> returns(rewards.size());
  for (std::size_t r = 0; r + 1 < offsets.size(); ++r) {
    double next_value = 0;  // the episode ends after the last token
    double advantage = 0;
    for (auto t = static_cast<std::size_t>(offsets[r + 1]);
         t-- > static_cast<std::size_t>(offsets[r]);) {
      const double delta = rewards[t] + gamma * next_value - values[t];
      advantage = delta + gamma * lambda * advantage;
      next_value = values[t];
      advantages[t] = advantage;
      returns[t] = advantage + values[t];
    }
  }
  return {rl::like(rewards_T, advantages), rl::like(rewards_T, returns)};
}

Moments moments(const at::Tensor& values_T) {
  const at::Tensor wide = values_T.detach().to(at::kDouble);
  const auto sums = rl::host_scalars({wide.sum(), wide.square().sum()});
  return {static_cast<double>(values_T.numel()), sums[0], sums[1]};
}

at::Tensor whiten(const at::Tensor& values_T, const Moments& global, const WhitenConfig& config) {
  if (global.count < 1) return values_T.clone();
  const double mean = global.sum / global.count;
  double variance = std::max(global.squares / global.count - mean * mean, 0.0);
  if (config.variance == Variance::kUnbiased && global.count > 1)
    variance *= global.count / (global.count - 1);
  const at::Tensor whitened_T = (values_T - mean) / std::sqrt(variance + config.epsilon);
  return config.mean == WhitenMean::kKeep ? whitened_T + mean : whitened_T;
}

at::Tensor kl_penalized(const at::Tensor& rewards_T, const at::Tensor& logprobs_T,
                        const at::Tensor& reference_T, double beta) {
  check_tokens(logprobs_T, rewards_T, "log-probabilities");
  check_tokens(reference_T, rewards_T, "reference log-probabilities");
  return rewards_T - beta * (logprobs_T - reference_T);
}

namespace rl {

Surrogate clip_ratio(const at::Tensor& ratio_T, const at::Tensor& advantages_T,
                     const PolicyClip& clip) {
  check_tokens(advantages_T, ratio_T, "advantages");
  return {ratio_T, -advantages_T * ratio_T,
          -advantages_T * ratio_T.clamp(1 - clip.low, 1 + clip.high)};
}

at::Tensor worst_case(const Surrogate& surrogate, const at::Tensor& advantages_T,
                      const PolicyClip& clip) {
  at::Tensor loss_T = at::maximum(surrogate.free_T, surrogate.clipped_T);
  if (clip.dual <= 0) return loss_T;
  return at::where(advantages_T < 0, at::minimum(loss_T, -clip.dual * advantages_T), loss_T);
}

PolicyLoss sum_up(const Surrogate& surrogate, const at::Tensor& loss_T,
                  const at::Tensor& log_ratio_T, const at::Tensor& weights_T) {
  at::Tensor sum = loss_T.sum();
  if (weights_T.defined()) {
    check_tokens(weights_T, loss_T, "weights");
    sum = (loss_T * weights_T.detach()).sum();
  }
  const auto numbers = host_scalars({(surrogate.clipped_T > surrogate.free_T).sum(),
                                     surrogate.ratio_T.sum(), -log_ratio_T.sum()});
  return {
      .sum = sum, .clipped = numbers[0], .ratio_sum = numbers[1], .approximate_kl_sum = numbers[2]};
}

}  // namespace rl

at::Tensor ppo_policy_terms(const at::Tensor& logprobs_T, const at::Tensor& old_logprobs_T,
                            const at::Tensor& advantages_T, const PolicyClip& clip) {
  check_tokens(old_logprobs_T, logprobs_T, "old log-probabilities");
  const at::Tensor ratio_T = (logprobs_T - old_logprobs_T).exp();
  return rl::worst_case(rl::clip_ratio(ratio_T, advantages_T, clip), advantages_T, clip);
}

PolicyLoss ppo_policy_loss(const at::Tensor& logprobs_T, const at::Tensor& old_logprobs_T,
                           const at::Tensor& advantages_T, const PolicyClip& clip,
                           const at::Tensor& weights_T) {
  check_tokens(old_logprobs_T, logprobs_T, "old log-probabilities");
  const at::Tensor log_ratio_T = logprobs_T - old_logprobs_T;
  const auto surrogate = rl::clip_ratio(log_ratio_T.exp(), advantages_T, clip);
  return rl::sum_up(surrogate, rl::worst_case(surrogate, advantages_T, clip), log_ratio_T,
                    weights_T);
}

PolicyLoss ppo_policy_loss(const at::Tensor& logprobs_T, const at::Tensor& old_logprobs_T,
                           const at::Tensor& advantages_T, double clip) {
  return ppo_policy_loss(logprobs_T, old_logprobs_T, advantages_T,
                         PolicyClip{.low = clip, .high = clip});
}

ValueLoss ppo_value_loss(const at::Tensor& values_T, const at::Tensor& old_values_T,
                         const at::Tensor& returns_T, double clip) {
  check_tokens(old_values_T, values_T, "old values");
  check_tokens(returns_T, values_T, "returns");
  const at::Tensor free_T = (values_T - returns_T).square();
  if (clip <= 0) return {.sum = 0.5 * free_T.sum()};
  const at::Tensor near_T = at::clamp(values_T, old_values_T - clip, old_values_T + clip);
  const at::Tensor clipped_T = (near_T - returns_T).square();
  return {.sum = 0.5 * at::maximum(free_T, clipped_T).sum(),
          .clipped = rl::host_scalars({(clipped_T > free_T).sum()}).front()};
}

}  // namespace alarm_dist

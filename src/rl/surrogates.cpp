// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/surrogates.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "rl/clipped.hpp"
#include "rl/ragged.hpp"

namespace alarm_dist {
namespace {

PolicyLoss one_ratio_loss(const at::Tensor& log_ratio_T, const at::Tensor& response_log_ratio_T,
                          const at::Tensor& advantages_T, const PolicyClip& clip,
                          const at::Tensor& weights_T) {
  const auto surrogate = rl::clip_ratio(response_log_ratio_T.exp(), advantages_T, clip);
  return rl::sum_up(surrogate, rl::worst_case(surrogate, advantages_T, clip), log_ratio_T,
                    weights_T);
}

}  // namespace

PolicyLoss gspo_policy_loss(const at::Tensor& logprobs_T, const at::Tensor& old_logprobs_T,
                            const at::Tensor& advantages_T, std::span<const std::int64_t> offsets,
                            const PolicyClip& clip, const at::Tensor& weights_T) {
  rl::check_tokens(old_logprobs_T, logprobs_T, "old log-probabilities");
  const at::Tensor log_ratio_T = logprobs_T - old_logprobs_T;
  return one_ratio_loss(log_ratio_T, rl::response_means(log_ratio_T, offsets), advantages_T, clip,
                        weights_T);
}

PolicyLoss sequence_policy_loss(const at::Tensor& logprobs_T, const at::Tensor& old_logprobs_T,
                                const at::Tensor& advantages_T,
                                std::span<const std::int64_t> offsets, const PolicyClip& clip,
                                const at::Tensor& weights_T) {
  rl::check_tokens(old_logprobs_T, logprobs_T, "old log-probabilities");
  const at::Tensor log_ratio_T = logprobs_T - old_logprobs_T;
  return one_ratio_loss(log_ratio_T, rl::response_sums(log_ratio_T, offsets), advantages_T, clip,
                        weights_T);
}

PolicyLoss cispo_policy_loss(const at::Tensor& logprobs_T, const at::Tensor& old_logprobs_T,
                             const at::Tensor& advantages_T, const PolicyClip& clip,
                             const at::Tensor& weights_T) {
  rl::check_tokens(old_logprobs_T, logprobs_T, "old log-probabilities");
  rl::check_tokens(advantages_T, logprobs_T, "advantages");
  const at::Tensor log_ratio_T = logprobs_T - old_logprobs_T;
  const at::Tensor ratio_T = log_ratio_T.detach().exp();
  const at::Tensor held_T = ratio_T.clamp(1 - clip.low, 1 + clip.high);
  auto loss = rl::sum_up({ratio_T, ratio_T, held_T}, -advantages_T * held_T * logprobs_T,
                         log_ratio_T, weights_T);
  loss.clipped = rl::host_scalars({(held_T != ratio_T).sum()}).front();
  return loss;
}

}  // namespace alarm_dist

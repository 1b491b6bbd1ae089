// SPDX-License-Identifier: Apache-2.0
// Entropy-regularised token-level policy optimisation (ETPO, Wen et al. 2024;
// specs/related-systems.md 6): soft Q-learning over tokens. The critic is a language model whose
// logits are the Q-values of every vocabulary token; a Polyak average of it supplies the targets.
//
// N rows are states s, w_<j: a prompt and the tokens of the action so far. An action is a response;
// an episode is one or more of them, and only the step from one to the next pays a reward and is
// discounted. Sums over the vocabulary V are exact.
#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

// V = sum over w of policy(w) Q(w) - beta KL(policy || reference). Log-probabilities.
at::Tensor soft_values(const at::Tensor& policy_NV, const at::Tensor& reference_NV,
                       const at::Tensor& q_NV, double beta);

// What Q(s, w_<j, w_j) of token j should be: inside an action the value of the next state, no
// discount and no reward; of the action's last token r + gamma * next, next being the value of the
// state after the action and 0 where the episode ends. values_T are those of the states that the
// tokens were chosen in, one action after the other (offsets); A actions.
struct ActionOutcomes {
  at::Tensor rewards_A;
  at::Tensor next_values_A;
};
at::Tensor soft_bellman_targets(const at::Tensor& values_T, std::span<const std::int64_t> offsets,
                                const ActionOutcomes& outcomes, double gamma);

// The value of the state after each action where the actions of an episode lie one after the other
// (episodes: offsets over actions): that of the next action's first token, 0 after the last.
at::Tensor next_action_values(const at::Tensor& values_T, std::span<const std::int64_t> offsets,
                              std::span<const std::int64_t> episodes);

// Token by token: Huber, e^2 / 2 up to delta and linear beyond. Differentiable in q_T, the Q-values
// of the tokens taken.
at::Tensor etpo_critic_terms(const at::Tensor& q_T, const at::Tensor& targets_T, double delta = 10);

// Policy improvement, the expectation over w of beta (log policy - log reference) - Q, a state
// each; its minimum is policy = reference * exp(Q / beta) / Z. Differentiable in the policy; Q is a
// constant, but the gradient depends on it. (The released code averages over the vocabulary without
// the policy's weight, so that its gradient does not; it also leaves the reference out.)
at::Tensor etpo_policy_terms(const at::Tensor& policy_NV, const at::Tensor& reference_NV,
                             const at::Tensor& q_NV, double beta);

// target <- keep * target + (1 - keep) * online, in place.
void polyak_average(std::span<const at::Tensor> targets, std::span<const at::Tensor> onlines,
                    double keep = 0.995);

}  // namespace alarm_dist

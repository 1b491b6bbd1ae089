// SPDX-License-Identifier: Apache-2.0
// ETPO's critic (alarm/rl/etpo.hpp): a language model that says of every token of the vocabulary
// what it is worth in a state.
//
// Q(s, w) is the difference between the model's logits with its adapter and without, so that it
// begins at 0 everywhere: what the model finds likely is no value, and the first improvement is
// towards the reference. Where the model is the policy's, what it is without its adapter is the
// reference, and is computed once. Sums over the vocabulary are exact; they are made for some rows
// at a time, so that no [T, V] matrix exists whole.
#pragma once

#include <functional>

#include "alarm/rl/kl.hpp"
#include "alarm/train/base_weights.hpp"
#include "alarm/train/config.hpp"

#include "train/critic.hpp"

namespace alarm_dist {

class QCritic final : public Critic {
 public:
  // Borrowed: the policy, for its head and, without its adapter, as reference; the critic's model;
  // and the coefficient that is beta.
  QCritic(const CausalLm& policy, const CausalLm& model, const TrainConfig& config,
          const KlController& kl, BaseWeights base = BaseWeights::kDistinct);

  NamedTensors trainable() const override { return critic_adapter(model_); }
  NamedTensors weights() const override;  // and those of the target
  bool has_trunk() const override { return true; }
  // Soft values under the policy whose states are given, of the target's Q.
  at::Tensor values(const CriticView& view) const override;
  // Huber, of the Q-values of the tokens taken; targets.values_T is not needed.
  CriticLoss loss(const CriticView& view, const CriticTargets& targets) const override;
  void follow() override;

  struct Improvement {
    // What the policy improves: the expectation over the vocabulary of beta (log policy - log
    // reference) - Q, with Q as a constant. Differentiable in the policy's states.
    at::Tensor terms_T;
    at::Tensor logprobs_T;  // of the tokens taken, detached
  };
  // With the Q of loss().
  Improvement improvement(const CriticView& view, const CriticLoss& critic) const;

 private:
  struct States {
    at::Tensor policy_TD, reference_TD;
    at::Tensor q_TD;
    at::Tensor taken_T;  // the tokens that were chosen in them
  };
  using OnRows = std::function<void(const States&)>;

  void some_rows_at_a_time(const States& all, const OnRows& body) const;
  at::Tensor log_distribution(const at::Tensor& states_TD) const;  // of the policy's head
  at::Tensor terms(const States& rows, const at::Tensor& policy_NV) const;
  at::Tensor base_states(const ResponseBatch& responses) const;  // the model without its adapter
  // The policy without its adapter; the base where that is the same.
  at::Tensor reference_states(const ResponseBatch& responses, const at::Tensor& base_TD) const;
  at::Tensor taken(const ResponseBatch& responses) const;

  const CausalLm& policy_;
  const CausalLm& model_;
  const TrainConfig& config_;
  const KlController& kl_;
  BaseWeights base_;
  NamedTensors target_;  // a Polyak average of the model's adapter
};

}  // namespace alarm_dist

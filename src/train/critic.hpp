// SPDX-License-Identifier: Apache-2.0
// What says how good a state of a response is, so that its tokens can be judged; and how that is
// learned. A value head reads the policy's hidden states, or those of a model of its own
// (ValueCritic); or the model's logits are the values of all tokens (q_critic.hpp).
//
// A critic's gradients reach its own weights, and the policy's only where a shared trunk is asked
// to be trained by them.
#pragma once

#include <ATen/core/Tensor.h>

#include "alarm/model/response_scores.hpp"
#include "alarm/train/algorithm_config.hpp"
#include "alarm/train/value_head.hpp"

namespace alarm_dist {

// A micro-batch as a critic sees it.
struct CriticView {
  const ResponseBatch& responses;
  // The policy's, at the rows that predict the responses' tokens. A critic with a trunk of its own
  // needs them for values(), not for loss().
  at::Tensor policy_states_TD;
};

struct CriticTargets {
  at::Tensor values_T;   // as the critic saw them when the step began
  at::Tensor returns_T;  // what it should say
};

struct CriticLoss {
  at::Tensor sum;      // over tokens; differentiable
  double clipped = 0;  // number of tokens
  // Detached: what a QCritic's improvement needs of its model's passes. Else undefined.
  at::Tensor q_TD = {};     // the head's product with it is Q
  at::Tensor base_TD = {};  // of the model without its adapter
};

class Critic {
 public:
  virtual ~Critic() = default;

  // Leaves with a learning rate of their own, under names that no leaf of the policy has.
  virtual NamedTensors trainable() const = 0;
  // What a checkpoint keeps: these, and what follows them.
  virtual NamedTensors weights() const = 0;
  // Its loss is computed without the policy's pass, in one of its own.
  virtual bool has_trunk() const = 0;
  // [T], of the states that the tokens were chosen in; [T, C] where a component of the reward has a
  // value each.
  virtual at::Tensor values(const CriticView& view) const = 0;
  virtual CriticLoss loss(const CriticView& view, const CriticTargets& targets) const = 0;
  // After a step of the optimiser.
  virtual void follow() = 0;

 protected:
  Critic() = default;
  Critic(const Critic&) = delete;
  Critic& operator=(const Critic&) = delete;
};

// A model's adapter, under names that differ from those of the policy's.
NamedTensors critic_adapter(const CausalLm& trunk);

class ValueCritic final : public Critic {
 public:
  // On the policy's hidden states.
  static std::unique_ptr<Critic> on_policy(const CausalLm& policy, const AlgorithmConfig& config,
                                           std::int64_t values = 1);
  // On those of a model of its own, whose adapter learns with the head. Borrowed.
  static std::unique_ptr<Critic> on_trunk(const CausalLm& trunk, const AlgorithmConfig& config,
                                          std::int64_t values = 1);

  NamedTensors trainable() const override;
  NamedTensors weights() const override { return trainable(); }
  bool has_trunk() const override { return trunk_ != nullptr; }
  at::Tensor values(const CriticView& view) const override;
  CriticLoss loss(const CriticView& view, const CriticTargets& targets) const override;
  void follow() override {}

 private:
  ValueCritic(const CausalLm& model, const CausalLm* trunk, const AlgorithmConfig& config,
              std::int64_t values);

  const CausalLm* trunk_;  // null: the policy's
  const AlgorithmConfig& config_;
  ValueHead head_;
};

}  // namespace alarm_dist

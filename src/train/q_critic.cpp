// SPDX-License-Identifier: Apache-2.0
#include "train/q_critic.hpp"

#include <algorithm>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "alarm/rl/etpo.hpp"

#include "train/weight_copies.hpp"

namespace alarm_dist {

QCritic::QCritic(const CausalLm& policy, const CausalLm& model, const TrainConfig& config,
                 const KlController& kl, BaseWeights base)
    : policy_(policy),
      model_(model),
      config_(config),
      kl_(kl),
      base_(base),
      target_(clone_tensors(model.trainable())) {}

NamedTensors QCritic::weights() const {
  auto named = trainable();
  for (const auto& [name, tensor] : target_) named.emplace_back("critic_target." + name, tensor);
  return named;
}

void QCritic::follow() {
  follow_weights(target_, model_.trainable(), config_.algorithm.critic.target_decay);
}

at::Tensor QCritic::values(const CriticView& view) const {
  const at::NoGradGuard no_grad;
  const at::Tensor base_TD = base_states(view.responses);
  States all{.policy_TD = view.policy_states_TD,
             .reference_TD = reference_states(view.responses, base_TD),
             .q_TD = {},
             .taken_T = taken(view.responses)};
  while_exchanged(model_.trainable(), target_, [&] {
    all.q_TD = response_states(model_, view.responses, Adapter::kOn) - base_TD;
  });
  std::vector<at::Tensor> parts;
  some_rows_at_a_time(all, [&](const States& rows) {
    parts.push_back(-terms(rows, log_distribution(rows.policy_TD)));
  });
  return at::cat(parts);
}

CriticLoss QCritic::loss(const CriticView& view, const CriticTargets& targets) const {
  const at::Tensor base_TD = base_states(view.responses);
  const at::Tensor states_TD = response_states(model_, view.responses, Adapter::kOn) - base_TD;
  const auto type = targets.returns_T.scalar_type();
  const at::Tensor rows_TD =
      model_.head_VD(Adapter::kOn).index_select(0, taken(view.responses)).to(type);
  const at::Tensor q_T = (states_TD.to(type) * rows_TD).sum(-1);
  const double delta = config_.algorithm.critic.huber_delta;
  return {.sum = etpo_critic_terms(q_T, targets.returns_T, delta).sum(),
          .q_TD = states_TD.detach(),
          .base_TD = base_TD};
}

// Each part's gradient is taken at once and its graph given up; what is left is linear in the
// states: the terms' values, with that gradient.
QCritic::Improvement QCritic::improvement(const CriticView& view, const CriticLoss& critic) const {
  const States all{.policy_TD = view.policy_states_TD.detach(),
                   .reference_TD = reference_states(view.responses, critic.base_TD),
                   .q_TD = critic.q_TD,
                   .taken_T = taken(view.responses)};
  std::vector<at::Tensor> values, gradients, logprobs;
  some_rows_at_a_time(all, [&](States rows) {
    rows.policy_TD.requires_grad_();
    const at::Tensor policy_NV = log_distribution(rows.policy_TD);
    const at::Tensor terms_N = terms(rows, policy_NV);
    terms_N.sum().backward();
    logprobs.push_back(policy_NV.detach().gather(1, rows.taken_T.unsqueeze(1)).squeeze(1));
    values.push_back(terms_N.detach());
    gradients.push_back(rows.policy_TD.grad());
  });
  const at::Tensor values_T = at::cat(values);
  const at::Tensor linear_T = (view.policy_states_TD * at::cat(gradients)).sum(-1);
  return {.terms_T = values_T + (linear_T - linear_T.detach()), .logprobs_T = at::cat(logprobs)};
}

void QCritic::some_rows_at_a_time(const States& all, const OnRows& body) const {
  const auto count = all.policy_TD.size(0);
  const auto at_once = std::max<std::int64_t>(1, kLogitsAtOnce / policy_.shape().vocabulary);
  for (std::int64_t begin = 0; begin < count; begin += at_once) {
    const auto some = [&](const at::Tensor& rows) {
      return rows.narrow(0, begin, std::min(at_once, count - begin)).detach();
    };
    body({some(all.policy_TD), some(all.reference_TD), some(all.q_TD), some(all.taken_T)});
  }
}

at::Tensor QCritic::terms(const States& rows, const at::Tensor& policy_NV) const {
  return etpo_policy_terms(policy_NV, log_distribution(rows.reference_TD),
                           model_.logits(rows.q_TD, Adapter::kOn), kl_.coefficient());
}

at::Tensor QCritic::taken(const ResponseBatch& responses) const {
  return at::tensor(responses.targets(), at::kLong).to(model_.device());
}

at::Tensor QCritic::log_distribution(const at::Tensor& states_TD) const {
  return at::log_softmax(
      policy_.logits(states_TD, Adapter::kOn) / config_.rollout.sampling.temperature, -1);
}

at::Tensor QCritic::base_states(const ResponseBatch& responses) const {
  const at::NoGradGuard no_grad;
  return response_states(model_, responses, Adapter::kOff);
}

at::Tensor QCritic::reference_states(const ResponseBatch& responses,
                                     const at::Tensor& base_TD) const {
  if (base_ == BaseWeights::kShared) return base_TD;
  const at::NoGradGuard no_grad;
  return response_states(policy_, responses, Adapter::kOff);
}

}  // namespace alarm_dist

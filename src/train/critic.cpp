// SPDX-License-Identifier: Apache-2.0
#include "train/critic.hpp"

#include "alarm/rl/ppo.hpp"

namespace alarm_dist {
namespace {

// The head learns in float32 (float64 for a float64 model): its gradients are sums over many
// tokens.
at::ScalarType head_dtype(const CausalLm& model) {
  return model.dtype() == at::kDouble ? at::kDouble : at::kFloat;
}

}  // namespace

NamedTensors critic_adapter(const CausalLm& trunk) {
  NamedTensors named;
  for (const auto& [name, tensor] : trunk.trainable()) named.emplace_back("critic." + name, tensor);
  return named;
}

std::unique_ptr<Critic> ValueCritic::on_policy(const CausalLm& policy,
                                               const AlgorithmConfig& config, std::int64_t values) {
  return std::unique_ptr<Critic>(new ValueCritic(policy, nullptr, config, values));
}

std::unique_ptr<Critic> ValueCritic::on_trunk(const CausalLm& trunk, const AlgorithmConfig& config,
                                              std::int64_t values) {
  return std::unique_ptr<Critic>(new ValueCritic(trunk, &trunk, config, values));
}

ValueCritic::ValueCritic(const CausalLm& model, const CausalLm* trunk,
                         const AlgorithmConfig& config, std::int64_t values)
    : trunk_(trunk),
      config_(config),
      head_(ValueHead::zeros(model.shape().hidden, head_dtype(model), model.device(), values)) {}

NamedTensors ValueCritic::trainable() const {
  auto named = head_.parameters();
  if (trunk_ == nullptr) return named;
  const auto adapter = critic_adapter(*trunk_);
  named.insert(named.end(), adapter.begin(), adapter.end());
  return named;
}

at::Tensor ValueCritic::values(const CriticView& view) const {
  if (trunk_ != nullptr) return head_(response_states(*trunk_, view.responses, Adapter::kOn));
  return head_(config_.value_trains_trunk ? view.policy_states_TD : view.policy_states_TD.detach());
}

CriticLoss ValueCritic::loss(const CriticView& view, const CriticTargets& targets) const {
  const auto loss = ppo_value_loss(values(view).flatten(), targets.values_T.flatten(),
                                   targets.returns_T.flatten(), config_.value_clip);
  return {.sum = loss.sum, .clipped = loss.clipped / static_cast<double>(head_.weight.size(0))};
}

}  // namespace alarm_dist

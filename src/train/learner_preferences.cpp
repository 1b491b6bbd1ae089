// SPDX-License-Identifier: Apache-2.0
#include "train/learner_preferences.hpp"

#include <algorithm>

#include <ATen/ATen.h>

#include "alarm/rl/preference.hpp"

namespace alarm_dist {
namespace {

// Rows of the micro-batch, pair by pair.
struct PairRows {
  std::vector<std::int64_t> chosen, rejected, sampled;
};

PairRows rows_of_pairs(const MicroBatch& micro, std::span<const Preference> preferences) {
  PairRows rows;
  std::int64_t row = 0;
  for (const auto& unit : micro) {
    for (const auto sample : unit.samples) {
      const auto& mark = preferences[static_cast<std::size_t>(sample)];
      if (mark.chosen) rows.chosen.push_back(row);
      if (mark.rejected) rows.rejected.push_back(row);
      if (mark.sampled) rows.sampled.push_back(row);
      row += 1;
    }
  }
  return rows;
}

ResponseLogprobs pick(const ResponseLogprobs& all, const std::vector<std::int64_t>& rows) {
  const at::Tensor index = at::tensor(rows, at::kLong).to(all.sums_R.device());
  return {all.sums_R.index_select(0, index), all.tokens_R.index_select(0, index)};
}

// The baseline is the divergence of the policy that the step began with, as its own samples show
// it: they are at hand, where the paper scores answers to other prompts.
at::Tensor kto_sum(const Algorithm& algorithm, const PreferenceConfig& config,
                   const StepBatch& batch, const PairLogprobs& policy,
                   const PairLogprobs& reference, UpdateProgress& mini) {
  const double baseline = kto_baseline((batch.old_T - batch.reference_T).sum().item<double>(),
                                       static_cast<double>(batch.rollouts.size()));
  const KtoConfig kto{.beta = algorithm.preference_beta,
                      .desirable_weight = config.desirable_weight,
                      .undesirable_weight = config.undesirable_weight};
  const auto desirable = at::ones_like(policy.chosen.sums_R.detach());
  const auto good = kto_loss(policy.chosen, reference.chosen, desirable, baseline, kto);
  const auto bad =
      kto_loss(policy.rejected, reference.rejected, at::zeros_like(desirable), baseline, kto);
  mini.pairs += static_cast<double>(desirable.numel());
  mini.ranked += (good.rewards_R > bad.rewards_R).sum().item<double>();
  mini.margin += (good.rewards_R - bad.rewards_R).sum().item<double>();
  return (good.losses_R.sum() + bad.losses_R.sum()) / 2;
}

PreferenceLoss loss_of_pairs(const Algorithm& algorithm, const PreferenceConfig& config,
                             const PairLogprobs& policy, const PairLogprobs& reference) {
  const double beta = algorithm.preference_beta;
  if (algorithm.loss == PolicyLossKind::kIpo)
    return ipo_loss(policy, reference, {.beta = beta, .scale = config.scale});
  if (algorithm.loss == PolicyLossKind::kSimpo) {
    return simpo_loss(
        policy, {.beta = beta, .margin = config.margin, .label_smoothing = config.label_smoothing});
  }
  return dpo_loss(policy, reference,
                  {.beta = beta, .label_smoothing = config.label_smoothing, .noise = config.noise});
}

at::Tensor pairs_sum(const Algorithm& algorithm, const PreferenceConfig& config,
                     const PairLogprobs& policy, const PairLogprobs& reference,
                     UpdateProgress& mini) {
  const auto loss = loss_of_pairs(algorithm, config, policy, reference);
  mini.pairs += static_cast<double>(loss.losses_P.numel());
  mini.ranked += count_ranked(loss);
  mini.margin += (loss.chosen_rewards_P - loss.rejected_rewards_P).sum().item<double>();
  return loss.losses_P.sum();
}

}  // namespace

at::Tensor preference_loss(const Algorithm& algorithm, const PreferenceConfig& config,
                           const PreferenceView& view, const MiniBatchWeights& weights,
                           UpdateProgress& mini) {
  const auto rows = rows_of_pairs(view.micro, view.batch.preferences);
  const auto policy = response_logprobs(view.policy_T, view.offsets);
  const auto reference = response_logprobs(view.reference_T, view.offsets);
  const PairLogprobs ours{pick(policy, rows.chosen), pick(policy, rows.rejected)};
  const PairLogprobs theirs{pick(reference, rows.chosen), pick(reference, rows.rejected)};
  const at::Tensor sum = algorithm.loss == PolicyLossKind::kKto
                             ? kto_sum(algorithm, config, view.batch, ours, theirs, mini)
                             : pairs_sum(algorithm, config, ours, theirs, mini);
  at::Tensor loss = sum / std::max(1.0, weights.pairs);
  if (algorithm.loss != PolicyLossKind::kSelm) return loss;
  const auto optimism = selm_optimism(pick(policy, rows.sampled), pick(reference, rows.sampled),
                                      {.beta = algorithm.preference_beta, .alpha = config.alpha});
  return loss + optimism.sum() / weights.prompts;
}

}  // namespace alarm_dist

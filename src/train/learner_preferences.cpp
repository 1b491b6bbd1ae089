// SPDX-License-Identifier: Apache-2.0
// A micro-batch of preferences, or of an expert's answers: its part of the mini-batch's loss.
#include <ATen/ATen.h>

#include "alarm/rl/preference.hpp"
#include "alarm/train/learner.hpp"

#include "train/learner_batch.hpp"

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

}  // namespace

// Divided by the prompts of the mini-batch, on all ranks: those that have a pair, for SELM also
// those that have the reference's sample only.
at::Tensor Learner::preference_loss(const Batch& batch, const MicroBatch& micro,
                                    const at::Tensor& logprobs_T, const at::Tensor& reference_T,
                                    std::span<const std::int64_t> offsets,
                                    const MiniBatchWeights& weights, Progress& mini) const {
  const auto& config = config_.algorithm.preference;
  const auto rows = rows_of_pairs(micro, batch.preferences);
  const auto policy = response_logprobs(logprobs_T, offsets);
  const auto reference = response_logprobs(reference_T, offsets);
  const PairLogprobs ours{pick(policy, rows.chosen), pick(policy, rows.rejected)};
  const PairLogprobs theirs{pick(reference, rows.chosen), pick(reference, rows.rejected)};
  if (algorithm_.loss == PolicyLossKind::kKto) {
    return kto_part(batch, ours, theirs, mini) / (2 * weights.prompts);
  }
  PreferenceLoss loss;
  if (algorithm_.loss == PolicyLossKind::kIpo) {
    loss = ipo_loss(ours, theirs, {.beta = algorithm_.preference_beta});
  } else if (algorithm_.loss == PolicyLossKind::kSimpo) {
    loss = simpo_loss(ours, {.beta = algorithm_.preference_beta,
                             .margin = config.margin,
                             .label_smoothing = config.label_smoothing});
  } else {
    loss =
        dpo_loss(ours, theirs,
                 {.beta = algorithm_.preference_beta, .label_smoothing = config.label_smoothing});
  }
  at::Tensor sum = loss.losses_P.sum();
  if (algorithm_.loss == PolicyLossKind::kSelm) {
    sum = sum + selm_optimism(pick(policy, rows.sampled), pick(reference, rows.sampled),
                              {.beta = algorithm_.preference_beta, .alpha = config.alpha})
                    .sum();
  }
  mini.pairs += static_cast<double>(rows.chosen.size());
  mini.ranked += count_ranked(loss);
  mini.margin += (loss.chosen_rewards_P - loss.rejected_rewards_P).sum().item<double>();
  return sum / weights.prompts;
}

// The baseline is the divergence of the policy that the step began with, as its own samples show
// it: they are at hand, where the paper scores answers to other prompts.
at::Tensor Learner::kto_part(const Batch& batch, const PairLogprobs& policy,
                             const PairLogprobs& reference, Progress& mini) const {
  const auto& config = config_.algorithm.preference;
  const double baseline = kto_baseline((batch.old_T - batch.reference_T).sum().item<double>(),
                                       static_cast<double>(batch.rollouts.size()));
  const KtoConfig kto{.beta = algorithm_.preference_beta,
                      .desirable_weight = config.desirable_weight,
                      .undesirable_weight = config.undesirable_weight};
  const auto desirable = at::ones_like(policy.chosen.sums_R.detach());
  const auto good = kto_loss(policy.chosen, reference.chosen, desirable, baseline, kto);
  const auto bad =
      kto_loss(policy.rejected, reference.rejected, at::zeros_like(desirable), baseline, kto);
  mini.pairs += static_cast<double>(desirable.numel());
  mini.ranked += (good.rewards_R > bad.rewards_R).sum().item<double>();
  mini.margin += (good.rewards_R - bad.rewards_R).sum().item<double>();
  return good.losses_R.sum() + bad.losses_R.sum();
}

}  // namespace alarm_dist

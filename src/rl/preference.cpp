// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/preference.hpp"

#include <algorithm>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "alarm/base/error.hpp"
#include "alarm/rl/groups.hpp"

#include "rl/ragged.hpp"

namespace alarm_dist {
namespace {

at::Tensor log_ratios(const ResponseLogprobs& policy, const ResponseLogprobs& reference) {
  rl::check_responses(reference.sums_R, policy.sums_R, "reference log-probabilities");
  return policy.sums_R - reference.sums_R.detach();
}

// Of pairs under two models.
struct LogRatios {
  at::Tensor chosen_P;
  at::Tensor rejected_P;
};

LogRatios pair_log_ratios(const PairLogprobs& policy, const PairLogprobs& reference) {
  rl::check_responses(policy.rejected.sums_R, policy.chosen.sums_R, "rejected responses");
  return {log_ratios(policy.chosen, reference.chosen),
          log_ratios(policy.rejected, reference.rejected)};
}

PreferenceLoss with_rewards(const at::Tensor& losses_P, const LogRatios& ratios, double beta) {
  return {losses_P, beta * ratios.chosen_P.detach(), beta * ratios.rejected_P.detach()};
}

void check_beta(double beta) { ALARM_CHECK(beta > 0, "beta: expected a number > 0, got {}", beta); }

at::Tensor noisy_sigmoid_losses(const at::Tensor& logits_P, double smoothing, LabelNoise noise) {
  ALARM_CHECK(smoothing >= 0 && smoothing < .5,
              "label smoothing: expected a number from 0 to below 0.5, got {}", smoothing);
  at::Tensor right_P = -at::log_sigmoid(logits_P);
  if (smoothing == 0) return right_P;
  const at::Tensor wrong_P = -at::log_sigmoid(-logits_P);
  if (noise == LabelNoise::kConservative) return (1 - smoothing) * right_P + smoothing * wrong_P;
  return ((1 - smoothing) * right_P - smoothing * wrong_P) / (1 - 2 * smoothing);
}

}  // namespace

at::Tensor ResponseLogprobs::means_R() const { return sums_R / tokens_R.clamp_min(1); }

ResponseLogprobs response_logprobs(const at::Tensor& logprobs_T,
                                   std::span<const std::int64_t> offsets) {
  return {sum_responses(logprobs_T, offsets),
          sum_responses(at::ones_like(logprobs_T.detach()), offsets)};
}

double count_ranked(const PreferenceLoss& loss) {
  return rl::host_scalars({(loss.chosen_rewards_P > loss.rejected_rewards_P).sum()}).front();
}

PreferenceLoss dpo_loss(const PairLogprobs& policy, const PairLogprobs& reference,
                        const DpoConfig& config) {
  check_beta(config.beta);
  const auto ratios = pair_log_ratios(policy, reference);
  const at::Tensor logits_P = config.beta * (ratios.chosen_P - ratios.rejected_P);
  return with_rewards(noisy_sigmoid_losses(logits_P, config.label_smoothing, config.noise), ratios,
                      config.beta);
}

PreferenceLoss ipo_loss(const PairLogprobs& policy, const PairLogprobs& reference,
                        const IpoConfig& config) {
  check_beta(config.beta);
  const auto ratios = pair_log_ratios(policy, reference);
  at::Tensor margins_P = ratios.chosen_P - ratios.rejected_P;
  if (config.scale == LogprobScale::kMean) {
    margins_P = ratios.chosen_P / policy.chosen.tokens_R.clamp_min(1) -
                ratios.rejected_P / policy.rejected.tokens_R.clamp_min(1);
  }
  return with_rewards((margins_P - 1 / (2 * config.beta)).square(), ratios, config.beta);
}

PreferenceLoss simpo_loss(const PairLogprobs& policy, const SimpoConfig& config) {
  check_beta(config.beta);
  rl::check_responses(policy.rejected.sums_R, policy.chosen.sums_R, "rejected responses");
  const LogRatios means{policy.chosen.means_R(), policy.rejected.means_R()};
  const at::Tensor logits_P = config.beta * (means.chosen_P - means.rejected_P) - config.margin;
  return with_rewards(
      noisy_sigmoid_losses(logits_P, config.label_smoothing, LabelNoise::kConservative), means,
      config.beta);
}

ResponseLoss kto_loss(const ResponseLogprobs& policy, const ResponseLogprobs& reference,
                      const at::Tensor& desirable_R, double baseline, const KtoConfig& config) {
  check_beta(config.beta);
  rl::check_responses(desirable_R, policy.sums_R, "desirable or not");
  const at::Tensor log_ratio_R = log_ratios(policy, reference);
  const at::Tensor is_good_R = desirable_R.to(at::kBool);
  const at::Tensor gain_R = config.beta * (log_ratio_R - baseline);
  const at::Tensor losses_R = at::where(is_good_R, config.desirable_weight * (1 - gain_R.sigmoid()),
                                        config.undesirable_weight * (1 - (-gain_R).sigmoid()));
  return {losses_R, config.beta * log_ratio_R.detach()};
}

double kto_baseline(double log_ratio_sum, double responses) {
  return responses > 0 ? std::max(log_ratio_sum / responses, 0.0) : 0;
}

at::Tensor selm_optimism(const ResponseLogprobs& policy, const ResponseLogprobs& reference,
                         const SelmConfig& config) {
  check_beta(config.beta);
  return config.alpha * config.beta * log_ratios(policy, reference);
}

}  // namespace alarm_dist

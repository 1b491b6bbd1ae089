// SPDX-License-Identifier: Apache-2.0
#include "train/algorithm_unread.hpp"

#include <vector>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

struct Key {
  const char* name;
  bool changed;  // from its default
  bool read;
  const char* reader;
};
using Keys = std::vector<Key>;

Keys critic_keys(const AlgorithmConfig& config, const Algorithm& algorithm) {
  const CriticConfig usual;
  const bool q = algorithm.learns_q();
  return {{"critic.target_decay", config.critic.target_decay != usual.target_decay, q, "etpo"},
          {"critic.huber_delta", config.critic.huber_delta != usual.huber_delta, q, "etpo"}};
}

Keys preference_keys(const AlgorithmConfig& config, const Algorithm& algorithm) {
  const PreferenceConfig usual;
  const auto& said = config.preference;
  const auto is = [&](PolicyLossKind loss) { return algorithm.loss == loss; };
  return {{"preference.beta", said.beta.has_value(), algorithm.learns_preferences(),
           "a loss of preferences (dpo, ipo, simpo, kto, selm)"},
          {"preference.noise", said.noise != usual.noise,
           said.label_smoothing > 0 && (is(PolicyLossKind::kDpo) || is(PolicyLossKind::kSelm)),
           "dpo or selm with label_smoothing"},
          {"preference.scale", said.scale != usual.scale, is(PolicyLossKind::kIpo), "ipo"},
          {"preference.margin", said.margin != usual.margin, is(PolicyLossKind::kSimpo), "simpo"},
          {"preference.alpha", said.alpha != usual.alpha, is(PolicyLossKind::kSelm), "selm"},
          {"preference.desirable_weight", said.desirable_weight != usual.desirable_weight,
           is(PolicyLossKind::kKto), "kto"},
          {"preference.undesirable_weight", said.undesirable_weight != usual.undesirable_weight,
           is(PolicyLossKind::kKto), "kto"}};
}

Keys advantage_keys(const AlgorithmConfig& config, const Algorithm& algorithm) {
  const AlgorithmConfig usual;
  const bool gradient = algorithm.learns_policy_gradient();
  const bool whitens = algorithm.whiten != WhitenScope::kNone || config.whiten_rewards;
  const bool discounts = algorithm.advantage == AdvantageKind::kGae ||
                         algorithm.advantage == AdvantageKind::kRewardToGo;
  return {{"gamma", config.gamma != usual.gamma, discounts, "advantage gae or reward_to_go"},
          {"group_epsilon", config.group_epsilon != usual.group_epsilon,
           algorithm.advantage == AdvantageKind::kGroupNormalized ||
               algorithm.advantage == AdvantageKind::kBatchNormalized,
           "advantage group_normalized or batch_normalized"},
          {"whiten_epsilon", config.whiten_epsilon != usual.whiten_epsilon, whitens,
           "whiten global or local, or whiten_rewards"},
          {"whiten_variance", config.whiten_variance != usual.whiten_variance, whitens,
           "whiten global or local, or whiten_rewards"},
          {"whiten_rewards", config.whiten_rewards, algorithm.advantage == AdvantageKind::kGae,
           "advantage gae"},
          {"clip_high", config.clip_high.has_value(), gradient, "a policy gradient"},
          {"dual_clip", config.dual_clip != usual.dual_clip, gradient, "a policy gradient"},
          {"ratio_guard", config.ratio_guard != usual.ratio_guard, gradient, "a policy gradient"}};
}

// Of sections with a kind of their own.
Keys kind_keys(const AlgorithmConfig& config) {
  const ReferenceConfig usual;
  const CorrectionConfig none;
  const auto& reference = config.reference;
  const auto& correction = config.correction;
  const bool truncated = correction.kind == CorrectionKind::kTruncated;
  const bool masked = correction.kind == CorrectionKind::kMasked;
  return {{"reference.decay", reference.decay != usual.decay,
           reference.kind == ReferenceKind::kMovingAverage, "reference.kind moving_average"},
          {"reference.every", reference.every != usual.every,
           reference.kind == ReferenceKind::kReset, "reference.kind reset"},
          {"correction.by_sequence", correction.by_sequence != none.by_sequence,
           truncated || masked, "correction.kind truncated or masked"},
          {"correction.low", correction.low != none.low,
           masked || correction.kind == CorrectionKind::kGeometric,
           "correction.kind masked or geometric"},
          {"correction.normalize", correction.normalize, correction.kind != CorrectionKind::kNone,
           "a correction.kind other than none"},
          {"kl.ratio_cap", config.kl_ratio_cap != AlgorithmConfig{}.kl_ratio_cap,
           config.kl_gradient == KlLossGradient::kRatioWeighted, "kl.gradient ratio_weighted"},
          {"correction.high", correction.high != none.high,
           correction.kind != CorrectionKind::kNone, "a correction.kind other than none"}};
}

}  // namespace

void check_kl_is_read(const AlgorithmConfig& config, const AlgorithmConfig& below) {
  const auto coef = config.kl.coef;
  if (coef == 0 || coef == below.kl.coef) return;
  if (resolve_algorithm(config).kl_placement != KlPlacement::kNone) return;
  throw UsageError(
      fmt::format("algorithm: kl.coef: {}, but there is no KL term in this config of kind {} "
                  "(kl.placement is none): leave it out",
                  coef, config.kind));
}

void check_unread(const AlgorithmConfig& config, const Algorithm& algorithm) {
  for (const auto& keys : {critic_keys(config, algorithm), preference_keys(config, algorithm),
                           advantage_keys(config, algorithm), kind_keys(config)}) {
    for (const auto& key : keys) {
      if (!key.changed || key.read) continue;
      throw UsageError(
          fmt::format("algorithm: {}: only {} reads it, and it would change nothing "
                      "in this config of kind {}: leave it out",
                      key.name, key.reader, config.kind));
    }
  }
}

}  // namespace alarm_dist

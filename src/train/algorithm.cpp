// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/algorithm.hpp"

#include <algorithm>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

struct Preset {
  const char* name;
  Algorithm choices;
  double clip_high = 0;  // 0: as low
  bool dynamic_sampling = false;
};

Algorithm pairs(PolicyLossKind loss) {
  return {.advantage = AdvantageKind::kNone,
          .loss = loss,
          .kl_placement = KlPlacement::kNone,
          .whiten = WhitenScope::kNone};
}

Algorithm answers() {
  auto result = pairs(PolicyLossKind::kSupervised);
  result.data = StepData::kReferences;
  return result;
}

// The KL term is where its gradient is that of KL(policy || reference) (docs/method.md), but for
// GRPO's k3, which is how that algorithm is published. DAPO, GSPO and CISPO are published without.
const std::vector<Preset>& presets() {
  using A = AdvantageKind;
  using L = PolicyLossKind;
  using G = Aggregation;
  using P = KlPlacement;
  using K = KlEstimator;
  using W = WhitenScope;
  static const std::vector<Preset> all{
      {"ppo", {A::kGae, L::kToken, G::kTokenMean, P::kReward, K::kK1, W::kGlobal}},
      {"grpo",
       {A::kGroupNormalized, L::kToken, G::kSequenceMeanTokenMean, P::kLoss, K::kK3, W::kNone}},
      {"dr_grpo", {A::kGroupCentred, L::kToken, G::kFixedLength, P::kLoss, K::kK2, W::kNone}},
      {"rloo",
       {A::kLeaveOneOut, L::kSequence, G::kSequenceMeanTokenMean, P::kReward, K::kK1, W::kNone}},
      {"reinforce++", {A::kRewardToGo, L::kToken, G::kTokenMean, P::kReward, K::kK1, W::kGlobal}},
      {"reinforce++-baseline",
       {A::kGroupCentred, L::kToken, G::kTokenMean, P::kLoss, K::kK2, W::kGlobal}},
      {"dapo",
       {A::kGroupNormalized, L::kToken, G::kTokenMean, P::kNone, K::kK2, W::kNone},
       /*clip_high=*/0.28,
       /*dynamic_sampling=*/true},
      {"gspo",
       {A::kGroupNormalized, L::kSequenceMean, G::kSequenceMeanTokenMean, P::kNone, K::kK2,
        W::kNone}},
      {"cispo", {A::kGroupNormalized, L::kCispo, G::kTokenMean, P::kNone, K::kK2, W::kNone}},
      {"dpo", pairs(L::kDpo)},
      {"ipo", pairs(L::kIpo)},
      {"simpo", pairs(L::kSimpo)},
      {"kto", pairs(L::kKto)},
      {"selm", pairs(L::kSelm)},
      {"sft", answers()}};
  return all;
}

void require(bool condition, const std::string& message) {
  if (!condition) throw UsageError("algorithm: " + message);
}

const Preset& preset_of(const std::string& kind) {
  const auto found = std::ranges::find(presets(), kind, &Preset::name);
  require(found != presets().end(), fmt::format("kind '{}' is not known; expected one of {}", kind,
                                                fmt::join(algorithm_names(), ", ")));
  return *found;
}

bool one_ratio_a_response(PolicyLossKind loss) {
  return loss == PolicyLossKind::kSequence || loss == PolicyLossKind::kSequenceMean;
}

// Presets differ in what they learn from: that is not for overriding.
void check_family(const AlgorithmConfig& config, const Algorithm& algorithm,
                  const Algorithm& preset) {
  require(algorithm.has_critic() == preset.has_critic(),
          algorithm.has_critic()
              ? fmt::format("{} has no critic, and advantage gae needs one: choose kind ppo",
                            config.kind)
              : "ppo learns from its critic: choose the kind that the advantage belongs to (grpo, "
                "rloo, reinforce++...)");
  require(algorithm.learns_policy_gradient() == preset.learns_policy_gradient() &&
              (algorithm.learns_policy_gradient() || algorithm.loss == preset.loss),
          fmt::format("loss and advantage: {} has its own, which cannot be changed", config.kind));
  require(algorithm.data == preset.data || algorithm.learns_preferences(),
          fmt::format("data: {} learns from {}", config.kind,
                      preset.data == StepData::kRollouts ? "rollouts" : "references"));
  require(algorithm.has_critic() || !config.value_trains_trunk,
          fmt::format("value_trains_trunk: {} has no critic whose loss could reach the policy",
                      config.kind));
}

void check(const AlgorithmConfig& config, const Algorithm& algorithm) {
  require(!one_ratio_a_response(algorithm.loss) || algorithm.compares_samples(),
          "a loss with one ratio a response needs one advantage a response; gae and reward_to_go "
          "give one a token");
  require(algorithm.kl_placement == KlPlacement::kNone || algorithm.learns_policy_gradient(),
          fmt::format("kl.placement: {} has no KL term; preference.beta holds it to the reference",
                      config.kind));
  require(
      algorithm.kl_placement != KlPlacement::kLoss || algorithm.kl_estimator != KlEstimator::kK1,
      "kl.estimator k1 has gradient 0 on average when it is part of the loss: choose k2, or "
      "kl.placement reward");
  require(
      config.correction.kind == CorrectionKind::kNone ||
          (config.old_logprobs == OldLogprobs::kRecompute && algorithm.learns_policy_gradient()),
      "correction: of a policy gradient, and with old_logprobs sampled the ratio is corrected "
      "already; choose recompute");
  require(
      config.dual_clip == 0 || config.dual_clip > 1,
      fmt::format("dual_clip: {} would hold ordinary losses; expected more than 1, or 0 for none",
                  config.dual_clip));
  require(!algorithm.dynamic_sampling || algorithm.compares_samples(),
          "dynamic_sampling replaces prompts whose samples all have one reward, which only an "
          "algorithm that compares them (grpo, dapo, rloo...) learns nothing from");
}

}  // namespace

bool Algorithm::compares_samples() const {
  return advantage == AdvantageKind::kGroupNormalized ||
         advantage == AdvantageKind::kGroupCentred || advantage == AdvantageKind::kLeaveOneOut ||
         (learns_preferences() && data == StepData::kRollouts);
}

bool Algorithm::learns_preferences() const {
  return advantage == AdvantageKind::kNone && loss != PolicyLossKind::kSupervised;
}

const std::vector<std::string>& algorithm_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const auto& preset : presets()) result.emplace_back(preset.name);
    return result;
  }();
  return names;
}

Algorithm resolve_algorithm(const AlgorithmConfig& config) {
  const Preset& preset = preset_of(config.kind);
  Algorithm result = preset.choices;
  result.advantage = config.advantage.value_or(result.advantage);
  result.loss = config.loss.value_or(result.loss);
  result.aggregation = config.aggregation.value_or(result.aggregation);
  result.kl_placement = config.kl_placement.value_or(result.kl_placement);
  result.kl_estimator = config.kl_estimator.value_or(result.kl_estimator);
  result.whiten = config.whiten.value_or(result.whiten);
  result.data = config.data.value_or(result.data);
  result.dynamic_sampling = config.dynamic_sampling.value_or(preset.dynamic_sampling);
  const double high = preset.clip_high > 0 ? preset.clip_high : config.clip;
  result.clip = {
      .low = config.clip, .high = config.clip_high.value_or(high), .dual = config.dual_clip};
  check_family(config, result, preset.choices);
  check(config, result);
  return result;
}

}  // namespace alarm_dist

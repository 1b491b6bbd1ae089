// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/algorithm.hpp"

#include <algorithm>

#include "alarm/base/error.hpp"

#include "train/algorithm_unread.hpp"

namespace alarm_dist {
namespace {

struct Preset {
  const char* name;
  Algorithm choices;
  double clip_high = 0;  // 0: as low
  bool dynamic_sampling = false;
};

Algorithm pairs(PolicyLossKind loss, double beta) {
  return {.advantage = AdvantageKind::kNone,
          .loss = loss,
          .kl_placement = KlPlacement::kNone,
          .whiten = WhitenScope::kNone,
          .preference_beta = beta};
}

// An iteration of SELM is a step: its reference is the policy that the step began with, and the
// sample that stands for it is what it answers at temperature 0.
Algorithm selm() {
  auto result = pairs(PolicyLossKind::kSelm, 0.01);
  result.reference = {.kind = ReferenceKind::kReset, .every = 1};
  result.first_sample = FirstSample::kGreedy;
  return result;
}

Algorithm answers() {
  auto result = pairs(PolicyLossKind::kSupervised, 0);
  result.data = StepData::kReferences;
  return result;
}

// The divergence is exact, in the values and in the loss: there is no estimator.
Algorithm soft_q() {
  auto result = pairs(PolicyLossKind::kSoftQ, 0);
  result.kl_placement = KlPlacement::kLoss;
  result.kl_estimator = KlEstimator::kK2;
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
      {"dpo", pairs(L::kDpo, 0.1)},
      {"ipo", pairs(L::kIpo, 0.1)},
      {"simpo", pairs(L::kSimpo, 2)},
      {"kto", pairs(L::kKto, 0.1)},
      {"selm", selm()},
      {"sft", answers()},
      {"etpo", soft_q()}};
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
  require(algorithm.learns_policy_gradient() == preset.learns_policy_gradient() &&
              (algorithm.learns_policy_gradient() || algorithm.loss == preset.loss),
          fmt::format("loss and advantage: {} has its own, which cannot be changed", config.kind));
  require(
      algorithm.has_critic() == preset.has_critic(),
      config.kind + (algorithm.has_critic()
                         ? " has no critic, and advantage gae needs one: choose kind ppo"
                         : " learns from its critic: choose the kind that the advantage belongs to "
                           "(grpo, rloo, reinforce++...)"));
  require(algorithm.data == preset.data || algorithm.learns_preferences(),
          fmt::format("data: {} learns from {}", config.kind,
                      preset.data == StepData::kRollouts ? "rollouts" : "references"));
}

bool is_default(const LoraConfig& lora) {
  const LoraConfig usual;
  return lora.rank == usual.rank && lora.alpha == usual.alpha && lora.targets == usual.targets;
}

void check_critic(const AlgorithmConfig& config, const Algorithm& algorithm) {
  require(algorithm.has_critic() || !config.value_trains_trunk,
          fmt::format("value_trains_trunk: {} has no critic whose loss could reach the policy",
                      config.kind));
  require(algorithm.has_critic() || config.critic.model.empty(),
          fmt::format("critic.model: {} has no critic", config.kind));
  require(algorithm.own_critic || is_default(config.critic.lora),
          "critic.adapter: there is no model for it to be part of: name one (critic.model)");
  require(!algorithm.own_critic || !config.value_trains_trunk,
          "value_trains_trunk: the loss of a critic with a model of its own (critic.model) trains "
          "that model's adapter and does not reach the policy");
}

void check_loss(const AlgorithmConfig& config, const Algorithm& algorithm) {
  const bool one_ratio = one_ratio_a_response(algorithm.loss);
  require(!one_ratio || algorithm.compares_samples(),
          "a loss with one ratio a response needs one advantage a response; gae and reward_to_go "
          "give one a token");
  require(!one_ratio || algorithm.aggregation == Aggregation::kSequenceMeanTokenMean,
          "aggregation: a loss with one ratio a response has one term a response, which only "
          "sequence_mean counts once");
  require(
      config.dual_clip == 0 || config.dual_clip > 1,
      fmt::format("dual_clip: {} would hold ordinary losses; expected more than 1, or 0 for none",
                  config.dual_clip));
  require(config.dual_clip == 0 || algorithm.loss != PolicyLossKind::kCispo,
          "dual_clip: the ratios of cispo are weights, there is no loss for it to bound");
  require(!algorithm.dynamic_sampling || algorithm.compares_samples(),
          "dynamic_sampling replaces prompts whose samples all have one reward, from which only an "
          "algorithm that compares them (grpo, dapo, rloo...) learns nothing");
  require(!algorithm.dynamic_sampling || algorithm.loss != PolicyLossKind::kSelm,
          "dynamic_sampling: selm learns from prompts whose samples all have one reward, too: the "
          "reference's sample becomes less likely there");
}

void check_kl_term(const AlgorithmConfig& config, const Algorithm& algorithm) {
  const bool none = algorithm.kl_placement == KlPlacement::kNone;
  require(none || algorithm.learns_policy_gradient() || algorithm.learns_q(),
          fmt::format("kl.placement: {} has no KL term; preference.beta holds it to the reference",
                      config.kind));
  const bool own = config.kl_gradient == KlLossGradient::kOwn;
  require(algorithm.kl_placement != KlPlacement::kLoss ||
              algorithm.kl_estimator != KlEstimator::kK1 || !own,
          "kl.estimator k1 has gradient 0 on average when it is part of the loss: choose k2, "
          "another kl.gradient, or kl.placement reward");
  require(own || (algorithm.kl_placement == KlPlacement::kLoss &&
                  algorithm.learns_policy_gradient() && algorithm.kl_level == KlLevel::kToken),
          "kl.gradient: of a KL term of tokens in the loss of a policy gradient, which this config "
          "has not: expected own");
  require(algorithm.kl_level == KlLevel::kToken || (algorithm.kl_placement == KlPlacement::kLoss &&
                                                    algorithm.kl_estimator == KlEstimator::kK2),
          "kl.level: response is k2 of whole responses in the loss: expected kl.placement loss and "
          "kl.estimator k2");
  if (config.kl_bound <= 0) return;
  require(algorithm.data == StepData::kRollouts,
          "kl.bound: a divergence is measured on the policy's own samples; data is references");
  require(algorithm.reference.kind != ReferenceKind::kReset || algorithm.reference.every > 1,
          "kl.bound: with a reference that is reset every step the divergence is always 0");
  require(config.on_kl_bound == OnKlBound::kStop || (!none && config.kl.coef > 0),
          "kl.on_bound rollback doubles the coefficient, and there is none here: choose stop");
}

void check_correction(const AlgorithmConfig& config, const Algorithm& algorithm) {
  const auto& correction = config.correction;
  if (correction.kind == CorrectionKind::kNone) return;
  require(config.old_logprobs == OldLogprobs::kRecompute && algorithm.learns_policy_gradient(),
          "correction: of a policy gradient, and with old_logprobs sampled the ratio is corrected "
          "already; choose recompute");
  require(correction.low < correction.high,
          fmt::format("correction: low is {}, expected less than high, {}", correction.low,
                      correction.high));
  require(correction.kind != CorrectionKind::kMasked || correction.by_sequence ||
              !one_ratio_a_response(algorithm.loss),
          "correction: masked tokens would stay in the ratio of their response; set by_sequence");
}

// Samples of which one is not drawn from the policy.
void check_first_sample(const AlgorithmConfig& config, const Algorithm& algorithm) {
  if (algorithm.first_sample == FirstSample::kSampled) return;
  require(algorithm.learns_preferences(),
          fmt::format("preference.first_sample: {} does not compare pairs, and a greedy sample is "
                      "not one of the policy: choose sampled",
                      config.kind));
  require(algorithm.data == StepData::kRollouts,
          "preference.first_sample: nothing is sampled where data is references");
  require(algorithm.loss != PolicyLossKind::kKto,
          "preference.first_sample: the baseline of kto is the divergence that the policy's own "
          "samples show, and a greedy one is not drawn from it: choose sampled");
}

// Settings that a loss of preferences or of answers has no place for.
void check_unused(const AlgorithmConfig& config, const Algorithm& algorithm) {
  const bool noisy = algorithm.loss == PolicyLossKind::kDpo ||
                     algorithm.loss == PolicyLossKind::kSelm ||
                     algorithm.loss == PolicyLossKind::kSimpo;
  require(config.preference.label_smoothing == 0 || noisy,
          fmt::format("preference.label_smoothing: {} has none", config.kind));
  require(algorithm.loss != PolicyLossKind::kKto ||
              config.preference.desirable_weight + config.preference.undesirable_weight > 0,
          "preference: desirable_weight and undesirable_weight are 0: nothing would be learned");
  if (algorithm.learns_policy_gradient()) return;
  require(config.entropy_coef == 0, fmt::format("entropy_coef: {} has no bonus", config.kind));
  require(!config.filter_truncated || !algorithm.learns_preferences(),
          fmt::format("filter_truncated: {} compares whole responses", config.kind));
  require(!config.aggregation || !algorithm.learns_preferences(),
          fmt::format("aggregation: {} has one loss a pair", config.kind));
  require(config.old_logprobs == OldLogprobs::kRecompute || algorithm.data == StepData::kRollouts,
          "old_logprobs: answers of the data set were not sampled; choose recompute");
  require(algorithm.loss != PolicyLossKind::kSelm || algorithm.data == StepData::kRollouts,
          "data: selm needs samples of its reference; choose rollouts, or dpo");
}

// ETPO has no advantages and no ratios.
void check_no_policy_gradient(const AlgorithmConfig& config, const Algorithm& algorithm) {
  require(algorithm.whiten == WhitenScope::kNone,
          "whiten: etpo has no advantages, and its Q-values are in units of the reward");
  require(config.dual_clip == 0 && !config.clip_high,
          "dual_clip, clip_high: etpo has no ratio to clip");
  require(config.ratio_guard == AlgorithmConfig{}.ratio_guard,
          "ratio_guard: etpo has no ratio to guard");
  require(
      config.old_logprobs == OldLogprobs::kRecompute,
      "old_logprobs: etpo has no ratio that they would be the denominator of; choose recompute");
  require(!config.filter_truncated,
          "filter_truncated: the critic of etpo would still learn that a response which was cut "
          "ends there");
}

// ETPO's own terms, which nothing of the others' is to take the place of.
void check_soft_q(const AlgorithmConfig& config, const Algorithm& algorithm) {
  if (!algorithm.learns_q()) return;
  check_no_policy_gradient(config, algorithm);
  require(!config.kl_placement && !config.kl_estimator && config.kl_level == KlLevel::kToken,
          "kl.placement, kl.estimator, kl.level: etpo has the divergence itself, summed over the "
          "vocabulary, in its values and in its loss");
  require(config.kl.coef > 0,
          "kl.coef: 0, but that of etpo is the temperature of its optimum, reference * exp(Q / "
          "coef): expected more than 0");
  require(config.gamma == 1,
          fmt::format("gamma: {}, but an episode of etpo is one response, within which nothing is "
                      "discounted: expected 1",
                      config.gamma));
  require(
      algorithm.reference.kind == ReferenceKind::kFrozen ||
          algorithm.reference.kind == ReferenceKind::kBase,
      "reference.kind: the Q-values of etpo are those of one reference: expected frozen or base");
  require(config.critic.target_decay < 1,
          "critic.target_decay: 1 would never let the target follow; expected less");
}

void check(const AlgorithmConfig& config, const Algorithm& algorithm) {
  check_soft_q(config, algorithm);
  check_critic(config, algorithm);
  check_loss(config, algorithm);
  check_kl_term(config, algorithm);
  check_correction(config, algorithm);
  check_unused(config, algorithm);
  check_first_sample(config, algorithm);
  check_unread(config, algorithm);
}

// Where the KL term is put elsewhere, the estimator goes along: the one whose gradient is right.
KlEstimator choose_estimator(const AlgorithmConfig& config, const Algorithm& preset) {
  if (config.kl_estimator) return *config.kl_estimator;
  if (!config.kl_placement || *config.kl_placement == preset.kl_placement)
    return preset.kl_estimator;
  return *config.kl_placement == KlPlacement::kReward ? KlEstimator::kK1 : KlEstimator::kK2;
}

}  // namespace

bool Algorithm::compares_samples() const {
  return advantage == AdvantageKind::kGroupNormalized ||
         advantage == AdvantageKind::kBatchNormalized ||
         advantage == AdvantageKind::kGroupCentred || advantage == AdvantageKind::kLeaveOneOut ||
         (learns_preferences() && data == StepData::kRollouts);
}

bool Algorithm::learns_preferences() const {
  return advantage == AdvantageKind::kNone && loss != PolicyLossKind::kSupervised && !learns_q();
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
  result.kl_estimator = choose_estimator(config, preset.choices);
  result.kl_level = config.kl_level;
  result.whiten = config.whiten.value_or(result.whiten);
  result.preference_beta = config.preference.beta.value_or(result.preference_beta);
  result.first_sample = config.preference.first_sample.value_or(result.first_sample);
  if (config.reference.kind) result.reference = config.reference;
  if (!result.reference.kind) result.reference.kind = ReferenceKind::kFrozen;
  result.data = config.data.value_or(result.data);
  result.dynamic_sampling = config.dynamic_sampling.value_or(preset.dynamic_sampling);
  result.own_critic = result.learns_q() || (result.has_critic() && !config.critic.model.empty());
  const double high = preset.clip_high > 0 ? preset.clip_high : config.clip;
  result.clip = {
      .low = config.clip, .high = config.clip_high.value_or(high), .dual = config.dual_clip};
  check_family(config, result, preset.choices);
  check(config, result);
  return result;
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// The keys of `algorithm` and `optimizer`.
#include <optional>

#include "app/bind_parts.hpp"

namespace alarm_dist {
namespace {

void describe_kl(FieldVisitor& v, AlgorithmConfig& algorithm) {
  v.field("coef", algorithm.kl.coef, kNotNegative, "Coefficient to start with.");
  v.field("target", algorithm.kl.target, Range{},
          "Nats a response that the controller steers to; 0 or less: the coefficient stays.");
  v.field("horizon", algorithm.kl.horizon, kPositive,
          "Samples in which the coefficient may change by 20% per sample share.");
  v.choice("placement", algorithm.kl_placement,
           {{"auto", std::nullopt},
            {"reward", KlPlacement::kReward},
            {"loss", KlPlacement::kLoss},
            {"none", KlPlacement::kNone}},
           "In the reward of each token, or a term of the loss. `auto`: as the kind has it.");
  v.choice("estimator", algorithm.kl_estimator,
           {{"auto", std::nullopt},
            {"k1", KlEstimator::kK1},
            {"k2", KlEstimator::kK2},
            {"k3", KlEstimator::kK3}},
           "k1 is right in the reward, k2 in the loss; k3 in the loss has the gradient of another "
           "divergence (docs/method.md).");
  v.choice("level", algorithm.kl_level,
           {{"token", KlLevel::kToken}, {"response", KlLevel::kResponse}},
           "response: k2 of the whole response in the loss, whose gradient sees what a token does "
           "to the divergence of those after it.");
  v.choice("gradient", algorithm.kl_gradient,
           {{"own", KlLossGradient::kOwn},
            {"straight_through", KlLossGradient::kStraightThrough},
            {"ratio", KlLossGradient::kRatio},
            {"ratio_weighted", KlLossGradient::kRatioWeighted}},
           "Of a term of the loss. own: the estimator's. straight_through: k2's under the "
           "estimator's value (verl's k1+, k3+). ratio: of estimator * ratio (TRL's "
           "use_bias_correction_kl). ratio_weighted: k2's, times the ratio as a constant "
           "(OpenRLHF's unbiased_gradient).");
  v.field("ratio_cap", algorithm.kl_ratio_cap, kNotNegative,
          "gradient ratio_weighted: bound of the constant ratio; 0: none.");
  v.field("bound", algorithm.kl_bound, kNotNegative,
          "Nats a response beyond which training does not go on; 0: none.");
  v.choice(
      "on_bound", algorithm.on_kl_bound,
      {{"stop", OnKlBound::kStop}, {"rollback", OnKlBound::kRollback}},
      "rollback: the weights of the newest periodic checkpoint that was found within the bound "
      "are taken again, with twice the coefficient; the steps are counted on.");
}

void describe_correction(FieldVisitor& v, CorrectionConfig& correction) {
  v.choice("kind", correction.kind,
           {{"none", CorrectionKind::kNone},
            {"truncated", CorrectionKind::kTruncated},
            {"masked", CorrectionKind::kMasked},
            {"geometric", CorrectionKind::kGeometric},
            {"divergence", CorrectionKind::kDivergence}},
           "truncated: weights min(ratio, high). masked: ratios within low..high, else 0. "
           "geometric: responses whose mean ratio lies within. divergence: those whose mean k3 is "
           "at most high.");
  v.field("by_sequence", correction.by_sequence,
          "truncated, masked: the ratio of the whole response on each of its tokens.");
  v.field("low", correction.low, kNotNegative, "Lower bound.");
  v.field("high", correction.high, kPositive, "Upper bound.");
  v.field("normalize", correction.normalize,
          "The weights are divided by their mean over what the step does not reject.");
}

void describe_reference(FieldVisitor& v, ReferenceConfig& reference) {
  v.choice("kind", reference.kind,
           {{"auto", std::nullopt},
            {"frozen", ReferenceKind::kFrozen},
            {"base", ReferenceKind::kBase},
            {"moving_average", ReferenceKind::kMovingAverage},
            {"reset", ReferenceKind::kReset}},
           "frozen: the initial policy, with the adapter of policy.adapter.path where it starts "
           "from one; base: the model without any adapter; an average of the policy over steps; or "
           "the policy every so many steps. `auto`: frozen; selm: reset every step.");
  v.field("decay", reference.decay, kUnit, "moving_average: share of it that a step leaves.");
  v.field("every", reference.every, kCount, "reset: steps.");
}

void describe_critic(FieldVisitor& v, CriticConfig& critic) {
  v.field(
      "model", critic.model,
      "Folder of a model with the policy's tokens: the value head reads its hidden states (ppo), "
      "or its logits are Q-values (etpo). Its adapter is trained at optimizer.critic_lr. It may "
      "be policy.model: on processors the frozen weights are then in memory once, a GPU holds "
      "them twice. Empty: the head reads the policy's hidden states; etpo: policy.model.");
  v.field("target_decay", critic.target_decay, {.low = 0, .high = 1, .high_open = true},
          "etpo: share of the target critic that an optimiser step leaves.");
  v.field("huber_delta", critic.huber_delta, kPositive,
          "etpo: errors of Q-values count by their square up to this, linearly beyond.");
  v.section("adapter", "What is trained of the model beside the head.", [&] {
    v.section("lora", "Low-rank adapters, as the policy's.", [&] { describe(v, critic.lora); });
  });
}

void describe_preference(FieldVisitor& v, PreferenceConfig& preference) {
  double beta = preference.beta.value_or(0);
  v.field("beta", beta, kNotNegative,
          "How much a difference of log-probabilities counts as reward; 0: the kind's (0.1; simpo "
          "2, selm 0.01).");
  preference.beta = beta > 0 ? std::optional(beta) : std::nullopt;
  v.field("label_smoothing", preference.label_smoothing, {.low = 0, .high = 0.5, .high_open = true},
          "dpo (then cDPO), selm, simpo: share of the pairs that may be the wrong way round.");
  v.choice("noise", preference.noise,
           {{"conservative", LabelNoise::kConservative}, {"robust", LabelNoise::kRobust}},
           "dpo, selm, with label_smoothing: conservative is cDPO; robust takes its bias out "
           "(Chowdhury et al. 2024).");
  v.choice("scale", preference.scale, {{"sum", LogprobScale::kSum}, {"mean", LogprobScale::kMean}},
           "ipo: a response's log-probability is the sum over its tokens (the paper), or the mean "
           "(TRL).");
  v.field("margin", preference.margin, kNotNegative,
          "simpo: by how much the rewards have to differ.");
  v.field("alpha", preference.alpha, kNotNegative,
          "selm: of the optimistic term, against 0.5 at which a pair begins (docs/method.md).");
  v.choice("first_sample", preference.first_sample,
           {{"auto", std::nullopt},
            {"sampled", FirstSample::kSampled},
            {"greedy", FirstSample::kGreedy}},
           "greedy: the first of a prompt's samples takes the likeliest token each time; for selm "
           "it stands for the reference. `auto`: selm greedy, others sampled.");
  v.field("desirable_weight", preference.desirable_weight, kNotNegative, "kto.");
  v.field("undesirable_weight", preference.undesirable_weight, kNotNegative, "kto.");
}

// Parts of an algorithm that its kind presets.
void describe_choices(FieldVisitor& v, AlgorithmConfig& algorithm) {
  v.choice("advantage", algorithm.advantage,
           {{"auto", std::nullopt},
            {"gae", AdvantageKind::kGae},
            {"group_normalized", AdvantageKind::kGroupNormalized},
            {"batch_normalized", AdvantageKind::kBatchNormalized},
            {"group_centred", AdvantageKind::kGroupCentred},
            {"leave_one_out", AdvantageKind::kLeaveOneOut},
            {"reward_to_go", AdvantageKind::kRewardToGo}},
           "What a token is credited with. `auto`: as the kind has it. batch_normalized: as "
           "group_normalized, with one deviation for the step (TRL's scale_rewards batch).");
  v.choice("loss", algorithm.loss,
           {{"auto", std::nullopt},
            {"token", PolicyLossKind::kToken},
            {"sequence", PolicyLossKind::kSequence},
            {"sequence_mean", PolicyLossKind::kSequenceMean},
            {"cispo", PolicyLossKind::kCispo}},
           "Clipped ratio a token; a response, as product or geometric mean; or constant weights. "
           "Preferences, sft and etpo have their own.");
  v.choice("aggregation", algorithm.aggregation,
           {{"auto", std::nullopt},
            {"token_mean", Aggregation::kTokenMean},
            {"sequence_mean", Aggregation::kSequenceMeanTokenMean},
            {"sequence_sum", Aggregation::kSequenceMeanTokenSum},
            {"fixed_length", Aggregation::kFixedLength}},
           "Tokens to a loss: mean over tokens; mean over responses of their means, or of their "
           "sums; sums over responses times max_new_tokens.");
  v.choice("whiten", algorithm.whiten,
           {{"auto", std::nullopt},
            {"global", WhitenScope::kGlobal},
            {"local", WhitenScope::kLocal},
            {"none", WhitenScope::kNone}},
           "Whose advantages give mean and variance. local: each rank's own, so results depend on "
           "the number of ranks.");
  v.choice("whiten_variance", algorithm.whiten_variance,
           {{"unbiased", Variance::kUnbiased}, {"biased", Variance::kBiased}},
           "With Bessel's correction (TRL, verl) or without (OpenRLHF).");
  v.field("whiten_epsilon", algorithm.whiten_epsilon, kPositive,
          "Added to the variance by whiten and whiten_rewards.");
  v.field(
      "whiten_rewards", algorithm.whiten_rewards,
      "ppo: the tokens' rewards, KL penalty included, are divided by their deviation before the "
      "advantages; the mean stays (TRL).");
}

void describe_losses(FieldVisitor& v, AlgorithmConfig& algorithm) {
  v.field("clip", algorithm.clip, kPositive, "Clipping range of the policy ratio.");
  double high = algorithm.clip_high.value_or(0);
  v.field("clip_high", high, kNotNegative,
          "Range above 1 where it differs (DAPO: 0.28); 0: the kind's, else as clip.");
  algorithm.clip_high = high > 0 ? std::optional(high) : std::nullopt;
  v.field("dual_clip", algorithm.dual_clip, kNotNegative,
          "Bound on the loss under negative advantages, in advantages; 0: none.");
  v.field("value_clip", algorithm.value_clip, kNotNegative,
          "Clipping range of values around the old ones; 0: none.");
  v.field("value_coef", algorithm.value_coef, kNotNegative, "Factor of the critic's loss.");
  v.field("value_trains_trunk", algorithm.value_trains_trunk,
          "The value loss reaches the policy's adapter, not the value head alone.");
  v.field("entropy_coef", algorithm.entropy_coef, kNotNegative,
          "Of the policy's entropy a token, as a bonus; 0: none.");
  v.field("gamma", algorithm.gamma, kUnit, "Discount.");
  v.field("lambda", algorithm.lambda, kUnit, "Of generalised advantage estimation.");
  v.field("group_epsilon", algorithm.group_epsilon, kPositive,
          "Added to the deviation of a prompt's rewards, or of the step's (batch_normalized).");
}

// What is done about updates and samples that go wrong.
void describe_guards(FieldVisitor& v, AlgorithmConfig& algorithm) {
  v.field("early_stop_kl", algorithm.early_stop_kl, Range{},
          "A step's remaining epochs are left out when mean(old - new log-probability) exceeds 1.5 "
          "times this; 0: never.");
  v.field("ratio_guard", algorithm.ratio_guard, kPositive,
          "A mini-batch whose mean ratio exceeds this is not stepped on.");
  v.choice("old_logprobs", algorithm.old_logprobs,
           {{"recompute", OldLogprobs::kRecompute}, {"sampled", OldLogprobs::kSampled}},
           "recompute: by the training pass, the first ratio is exactly 1. sampled: as generated.");
  v.field("filter_truncated", algorithm.filter_truncated,
          "Responses that max_new_tokens cut short leave the loss and its denominators.");
  v.choice("on_nonfinite", algorithm.on_nonfinite,
           {{"stop", OnNonFinite::kStop}, {"skip", OnNonFinite::kSkip}},
           "A reward, loss or gradient that is not finite ends the run, or its sample, step or "
           "mini-batch is left out; the third update in a row ends the run. A policy that gives "
           "such numbers in generation ends it either way.");
}

}  // namespace

void describe(FieldVisitor& v, AlgorithmConfig& algorithm) {
  v.choice("kind", algorithm.kind, algorithm_names(),
           "A preset of advantage, loss, aggregation, whiten and kl.placement (docs/method.md).");
  v.field("minibatch", algorithm.minibatch, kCount, "Samples an optimiser step, over all ranks.");
  v.field("epochs", algorithm.epochs, kCount, "Passes over a step's samples.");
  describe_losses(v, algorithm);
  describe_choices(v, algorithm);
  v.section("kl", "Penalty for leaving the reference policy.", [&] { describe_kl(v, algorithm); });
  v.section("reference", "The policy that the KL term compares with.",
            [&] { describe_reference(v, algorithm.reference); });
  v.section("critic", "What learns values: ppo, etpo.",
            [&] { describe_critic(v, algorithm.critic); });
  v.section("fine_grained",
            "ppo: the components of the composed reward, each judged for itself (docs/method.md).",
            [&] { describe(v, algorithm.fine_grained); });
  v.section("preference", "dpo, ipo, simpo, kto, selm: a prompt's best sample against its worst.",
            [&] { describe_preference(v, algorithm.preference); });
  v.choice(
      "data", algorithm.data,
      {{"auto", std::nullopt},
       {"rollouts", StepData::kRollouts},
       {"references", StepData::kReferences}},
      "`references`: the data set's own answers, and for preferences its rejected ones, in the "
      "place of samples. `auto`: sft references, others rollouts.");
  v.section("correction", "Between the distributions that generated and that train.",
            [&] { describe_correction(v, algorithm.correction); });
  v.choice("dynamic_sampling", algorithm.dynamic_sampling,
           {{"auto", std::nullopt}, {"on", true}, {"off", false}},
           "Prompts whose samples all have one reward are replaced by others before the update. "
           "`auto`: as the kind has it.");
  v.field("sampling_rounds", algorithm.sampling_rounds, kCount,
          "dynamic_sampling: rounds of generation a step, at most.");
  describe_guards(v, algorithm);
}

void describe(FieldVisitor& v, OptimizerConfig& optimizer) {
  v.choice("kind", optimizer.kind,
           {{"adamw", OptimizerKind::kAdamW},
            {"adam", OptimizerKind::kAdam},
            {"lion", OptimizerKind::kLion},
            {"sgd", OptimizerKind::kSgd}},
           "The optimiser.");
  v.field("lr", optimizer.lr, kPositive, "Learning rate of what policy.train names.");
  v.field("critic_lr", optimizer.critic_lr, kPositive,
          "Learning rate of the critic: value head, and adapter of algorithm.critic.model.");
  v.field("beta1", optimizer.beta1, {.low = 0, .high = 1, .high_open = true},
          "Of the first moment; sgd: momentum.");
  v.field("beta2", optimizer.beta2, {.low = 0, .high = 1, .high_open = true},
          "Of the second moment; lion: of the momentum.");
  v.field("epsilon", optimizer.epsilon, kPositive, "Added to the root of the second moment.");
  v.field("weight_decay", optimizer.weight_decay, kNotNegative,
          "Decoupled (adamw, lion) or added to the gradient (adam, sgd).");
  v.choice("schedule", optimizer.schedule.kind,
           {{"constant", ScheduleKind::kConstant},
            {"linear", ScheduleKind::kLinear},
            {"cosine", ScheduleKind::kCosine},
            {"wsd", ScheduleKind::kWsd}},
           "linear, cosine: fall towards the floor, which a step after the last would have. wsd: "
           "stays, then falls linearly.");
  v.field("warmup", optimizer.schedule.warmup, kCountOrZero, "Steps in which the rate rises.");
  v.field("lr_floor", optimizer.schedule.floor, kUnit,
          "Share of the rate that is left at the end.");
  v.field("decay", optimizer.schedule.decay, kUnit, "wsd: share of the steps in which it falls.");
  v.field(
      "max_grad_norm", optimizer.max_grad_norm, kNotNegative,
      "Gradients are scaled to at most this norm, the policy's and the critic's each for itself; "
      "0: never.");
  v.section("ema", "An average of the trained weights over the optimiser's steps.", [&] {
    v.field("decay", optimizer.ema.decay, {.low = 0, .high = 1, .high_open = true},
            "Share of it that a step leaves (OpenRLHF's ema_beta: 0.992); 0: none is kept.");
    v.field("start", optimizer.ema.start, kCountOrZero,
            "Steps of the run before which it is the weights themselves.");
  });
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "app/bind.hpp"

#include <algorithm>
#include <optional>

namespace alarm_dist {
namespace {

constexpr double kUnlimited = 1e15;
constexpr Range kPositive{.low = 0, .low_open = true};
constexpr Range kNotNegative{.low = 0};
constexpr Range kUnit{.low = 0, .high = 1};
constexpr Range kCount{.low = 1, .high = kUnlimited};
constexpr Range kCountOrZero{.low = 0, .high = kUnlimited};

// The element of that name; made if a config names a new one.
template <typename T>
T& named(std::vector<T>& items, const std::string& name) {
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const T& item) { return item.name == name; });
  if (found != items.end()) return *found;
  items.push_back({});
  items.back().name = name;
  return items.back();
}

// A mapping from names to structs, kept in the config's order.
template <typename T, typename Body>
void named_list(FieldVisitor& v, std::string_view key, std::vector<T>& items, std::string_view doc,
                const Body& body) {
  std::vector<std::string> names;
  for (const auto& item : items) names.push_back(item.name);
  const std::vector<T> defaults = items;
  std::vector<T> described = items;
  v.named_sections(key, names, doc, [&](const std::string& name) { body(named(described, name)); });
  items.clear();
  for (const auto& name : names) items.push_back(named(described, name));
}

void describe(FieldVisitor& v, RunConfig& run) {
  v.field("name", run.name, "Name of the run: its folder below runs/, the report's title.");
  v.field("seed", run.seed, kCountOrZero, "Seed of every random draw.");
  v.field("steps", run.steps, kCountOrZero, "Steps of rollout and update.");
  v.choice("log_level", run.log_level, {"debug", "info", "warn", "error", "off"},
           "Least level that is logged.");
  v.field("collective_timeout_s", run.collective_timeout_s, kPositive,
          "Seconds after which a collective that not all ranks entered ends the job, with a report "
          "of who is missing.");
}

void describe(FieldVisitor& v, PathsConfig& paths) {
  v.field("cache", paths.cache,
          "Where dequantised and cast weights are kept; all ranks of a node map them.");
  v.field("reward_models", paths.reward_models,
          "Folder of the reward models that the program trains and finds by name.");
}

void describe(FieldVisitor& v, TaskConfig& task) {
  v.choice("name", task.name, {"aclsum", "prompts"},
           "`aclsum`: one aspect of a paper in a sentence. `prompts`: JSON lines with `prompt` or "
           "`messages`.");
  v.field("train", task.train, "JSON lines with the training prompts.");
  v.field("validation", task.validation, "JSON lines that are evaluated during training.");
  v.field("test", task.test, "JSON lines that are evaluated before and after.");
  v.field("sections", task.sections,
          "aclsum: what the prompt shows of `abstract`, `introduction`, `conclusion`.");
  v.field("max_words", task.max_words, kCountOrZero,
          "aclsum: the document is cut after the sentence that reaches this; 0: not.");
  v.choice(
      "chat", task.chat, {"chatml", "model"},
      "How messages become a prompt: ChatML, or the chat template that comes with the policy.");
  v.choice("on_error", task.on_error, {"stop", "skip"},
           "A bad record stops the run before it starts, or is left out and counted.");
}

void describe(FieldVisitor& v, PolicyConfig& policy) {
  v.field("model", policy.model, "A Hugging Face directory or a .gguf file.");
  v.section("adapter", "What is trained of the policy.", [&] {
    v.section("lora",
              "Low-rank adapters (Hu et al. 2021); the reference policy is the model without them.",
              [&] {
                v.field("rank", policy.lora.rank, kCount, "Rank of the adapters.");
                v.field("alpha", policy.lora.alpha, kPositive,
                        "The adapter's output is scaled by alpha / rank.");
                v.field("targets", policy.lora.targets,
                        "Projections that get one, by the ends of their names as in PEFT; "
                        "`all-linear`: every one.");
              });
  });
  v.choice("precision", policy.precision, {"auto", "float32", "bfloat16", "float64"},
           "Type of the frozen weights and activations. `auto`: bfloat16 where the device "
           "multiplies it natively, else float32.");
  v.choice("device", policy.device, {"cpu", "cuda"},
           "Where models run; cuda: the GPU of the rank's number on its node.");
}

void describe(FieldVisitor& v, RolloutConfig& rollout) {
  v.field("batch", rollout.batch, kCount, "Samples a step.");
  v.field("samples_per_prompt", rollout.samples_per_prompt, kCount, "Samples of each prompt.");
  v.field("group_size", rollout.group_size, kCount,
          "Samples generated together; a rank claims one group at a time.");
  v.field("max_new_tokens", rollout.sampling.max_new_tokens, kCount, "Longest response.");
  v.field("temperature", rollout.sampling.temperature, kPositive,
          "The policy is softmax(logits / temperature).");
  v.field("top_k", rollout.sampling.top_k, kCountOrZero,
          "Sample from the k likeliest tokens; 0: from all.");
  v.field("top_p", rollout.sampling.top_p, {.low = 0, .high = 1, .low_open = true},
          "Nucleus sampling (Holtzman et al. 2020); 1: off.");
  v.field("min_p", rollout.sampling.min_p, kUnit,
          "Cuts tokens less likely than this times the likeliest; 0: off.");
  v.field("repetition_penalty", rollout.sampling.repetition_penalty, kPositive,
          "Of tokens of the prompt and the response so far, as in CTRL; 1: none.");
  v.field("min_new_tokens", rollout.sampling.min_new_tokens, kCountOrZero,
          "No response ends before it has so many tokens.");
}

void describe_source(FieldVisitor& v, SourceConfig& source) {
  std::string word = source.kind == "model" ? "" : source.kind;
  constexpr std::string_view kDoc = "`link_grammar`, or a mapping with `model`.";
  if (v.word("source", word, {"link_grammar"}, kDoc)) {
    source.kind = word;
    return;
  }
  source.kind = "model";
  v.section("source", kDoc, [&] {
    v.field("model", source.model,
            "Folder of a reward model, or its name below paths.reward_models.");
  });
}

void describe(FieldVisitor& v, RewardsConfig& rewards) {
  const std::vector<std::string> normalize_words = {"measured", "none"};
  v.section("holistic", "The reward of the response as a whole.", [&] {
    describe_source(v, rewards.holistic.source);
    v.choice(
        "normalize", rewards.holistic.normalize, normalize_words,
        "`measured`: minus mean, over deviation, both measured on samples of the initial policy.");
  });
  named_list(v, "aspects", rewards.aspects,
             "Aspect rewards, by name. All are logged; compose.use says which count.",
             [&](AspectConfig& aspect) {
               describe_source(v, aspect.source);
               v.choice("granularity", aspect.granularity,
                        {{"response", Granularity::kResponse},
                         {"sentence", Granularity::kSentence},
                         {"sub_sentence", Granularity::kSubSentence},
                         {"token", Granularity::kToken}},
                        "What a value is about; it is placed on the last token of that.");
               v.field("weight", aspect.weight, Range{}, "Factor of the shaped value.");
               v.choice("normalize", aspect.normalize, normalize_words, "As for holistic.");
             });
  v.section("compose", "How components become one reward a token (docs/method.md).", [&] {
    v.choice(
        "kind", rewards.compose.kind,
        {{"hierarchical", Composition::kHierarchical},
         {"weighted_sum", Composition::kWeightedSum},
         {"holistic_only", Composition::kHolisticOnly},
         {"aspect_only", Composition::kAspectOnly}},
        "hierarchical: aspects count where the normalised holistic reward reaches the threshold.");
    v.field("threshold", rewards.compose.threshold, Range{.infinite = true},
            "On the normalised holistic reward, unweighted.");
    v.field("holistic_weight", rewards.compose.holistic_weight, Range{},
            "Factor of the holistic reward on the last token.");
    v.choice("shaping", rewards.compose.shaping,
             {{"none", Shaping::kNone}, {"sigmoid", Shaping::kSigmoid}},
             "Of aspect values, where they are emitted.");
    v.field("use", rewards.compose.use, "Aspects that count.");
    v.field("too_short_reward", rewards.compose.too_short_reward, Range{},
            "Times holistic_weight, for a response that is nothing but its end.");
  });
  v.section("overlong", "A penalty for responses that come near max_new_tokens (DAPO).", [&] {
    v.field("buffer", rewards.overlong.buffer, kCountOrZero,
            "Tokens before max_new_tokens over which it grows; 0: none.");
    v.field("penalty", rewards.overlong.penalty, kNotNegative,
            "At max_new_tokens, on the last token.");
  });
  v.field("normalization_samples", rewards.normalization_samples,
          Range{.low = 2, .high = kUnlimited},
          "Samples of the initial policy, on validation prompts, that statistics are measured on.");
}

void describe(FieldVisitor& v, RewardModelRecipe& recipe) {
  v.choice(
      "kind", recipe.kind, {"preference", "evidence", "groundedness"},
      "`preference`: an expert's answer against worse ones, Bradley-Terry. `evidence`: sentences "
      "highlighted for the asked "
      "aspect or not. `groundedness`: sentences of the paper against foreign and altered ones.");
  v.field("trunk", recipe.trunk, "Hugging Face directory of a BERT encoder to start from.");
  v.field("data", recipe.data, "Splits of the task it learns from: `train`, `validation`.");
  v.field("epochs", recipe.epochs, kCount, "Passes over the records, each with new draws.");
  v.field("batch", recipe.batch, kCount, "Groups (preference) or sentences an optimiser step.");
  v.field("lr", recipe.lr, kPositive, "Peak learning rate.");
  v.field("weight_decay", recipe.weight_decay, kNotNegative, "Decoupled weight decay.");
  v.field("warmup", recipe.warmup, kUnit,
          "Share of the steps in which the rate rises; after it the rate falls linearly to 0.");
  v.field("max_grad_norm", recipe.max_grad_norm, kNotNegative,
          "Gradients are scaled to at most this norm; 0: never.");
  v.field("examples", recipe.examples, kCount, "evidence, groundedness: sentences an epoch.");
  v.field("frozen_layers", recipe.frozen_layers, kCountOrZero,
          "This many lower layers are not trained; the embeddings never are.");
  v.field("first", recipe.first,
          "First text of the encoder's input, with {question} {aspect} {document} {response} "
          "{sentence}.");
  v.field("second", recipe.second, "Second text; empty: none.");
  v.field("max_tokens", recipe.max_tokens, Range{.low = 8, .high = 512}, "Longest input.");
  v.field("document_tokens", recipe.document_tokens, kCountOrZero,
          "Of a longer document its first and last halves of this many word pieces stay; 0: as "
          "much as fits.");
  v.field("model_written", recipe.model_written, kCountOrZero,
          "preference: answers sampled from the initial policy, this many of each sort, that serve "
          "as rejected ones.");
  v.field("held_out", recipe.held_out, kCountOrZero,
          "Records of the test split that accuracy is measured on; 0: all.");
  v.field("micro_tokens", recipe.micro_tokens, kCount, "Token rows a forward pass, a rank.");
  v.choice("precision", recipe.precision, {"auto", "float32", "bfloat16"},
           "Of the activations; weights are float32.");
}

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
  v.field("bound", algorithm.kl_bound, kNotNegative,
          "Nats a response beyond which training does not go on; 0: none.");
  v.choice("on_bound", algorithm.on_kl_bound,
           {{"stop", OnKlBound::kStop}, {"rollback", OnKlBound::kRollback}},
           "rollback: the weights of the last checkpoint are taken again, with twice the "
           "coefficient; the steps are counted on.");
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
}

void describe_reference(FieldVisitor& v, ReferenceConfig& reference) {
  v.choice("kind", reference.kind,
           {{"auto", std::nullopt},
            {"frozen", ReferenceKind::kFrozen},
            {"moving_average", ReferenceKind::kMovingAverage},
            {"reset", ReferenceKind::kReset}},
           "The initial policy, an average of the policy over steps, or the policy every so many "
           "steps. `auto`: frozen; selm: reset every step.");
  v.field("decay", reference.decay, kUnit, "moving_average: share of it that a step leaves.");
  v.field("every", reference.every, kCount, "reset: steps.");
}

void describe_preference(FieldVisitor& v, PreferenceConfig& preference) {
  double beta = preference.beta.value_or(0);
  v.field("beta", beta, kNotNegative,
          "How much a difference of log-probabilities counts as reward; 0: the kind's (0.1; simpo "
          "2, selm 0.01).");
  preference.beta = beta > 0 ? std::optional(beta) : std::nullopt;
  v.field("label_smoothing", preference.label_smoothing, {.low = 0, .high = 0.5, .high_open = true},
          "dpo (then cDPO), selm, simpo: share of the pairs that may be the wrong way round.");
  v.field("margin", preference.margin, kNotNegative,
          "simpo: by how much the rewards have to differ.");
  v.field("alpha", preference.alpha, kNotNegative, "selm: of the optimistic term.");
  v.field("desirable_weight", preference.desirable_weight, kNotNegative, "kto.");
  v.field("undesirable_weight", preference.undesirable_weight, kNotNegative, "kto.");
}

// Parts of an algorithm that its kind presets.
void describe_choices(FieldVisitor& v, AlgorithmConfig& algorithm) {
  v.choice("advantage", algorithm.advantage,
           {{"auto", std::nullopt},
            {"gae", AdvantageKind::kGae},
            {"group_normalized", AdvantageKind::kGroupNormalized},
            {"group_centred", AdvantageKind::kGroupCentred},
            {"leave_one_out", AdvantageKind::kLeaveOneOut},
            {"reward_to_go", AdvantageKind::kRewardToGo}},
           "What a token is credited with. `auto`: as the kind has it.");
  v.choice("loss", algorithm.loss,
           {{"auto", std::nullopt},
            {"token", PolicyLossKind::kToken},
            {"sequence", PolicyLossKind::kSequence},
            {"sequence_mean", PolicyLossKind::kSequenceMean},
            {"cispo", PolicyLossKind::kCispo}},
           "Clipped ratio a token; a response, as product or geometric mean; or constant weights. "
           "Preferences and sft have their own.");
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
}

void describe(FieldVisitor& v, AlgorithmConfig& algorithm) {
  v.choice("kind", algorithm.kind, algorithm_names(),
           "A preset of advantage, loss, aggregation, whiten and kl.placement (docs/method.md).");
  v.field("minibatch", algorithm.minibatch, kCount, "Samples an optimiser step, over all ranks.");
  v.field("epochs", algorithm.epochs, kCount, "Passes over a step's samples.");
  v.field("clip", algorithm.clip, kPositive, "Clipping range of the policy ratio.");
  double high = algorithm.clip_high.value_or(0);
  v.field("clip_high", high, kNotNegative,
          "Range above 1 where it differs (DAPO: 0.28); 0: the kind's, else as clip.");
  algorithm.clip_high = high > 0 ? std::optional(high) : std::nullopt;
  v.field("dual_clip", algorithm.dual_clip, kNotNegative,
          "Bound on the loss under negative advantages, in advantages; 0: none.");
  v.field("value_clip", algorithm.value_clip, kNotNegative,
          "Clipping range of values around the old ones; 0: none.");
  v.field("value_coef", algorithm.value_coef, kNotNegative, "Factor of the value loss.");
  v.field("value_trains_trunk", algorithm.value_trains_trunk,
          "The value loss reaches the adapter, not the value head alone.");
  v.field("entropy_coef", algorithm.entropy_coef, kNotNegative,
          "Of the policy's entropy a token, as a bonus; 0: none.");
  v.field("gamma", algorithm.gamma, kUnit, "Discount.");
  v.field("lambda", algorithm.lambda, kUnit, "Of generalised advantage estimation.");
  v.field("group_epsilon", algorithm.group_epsilon, kPositive,
          "Added to the deviation of a prompt's rewards.");
  describe_choices(v, algorithm);
  v.section("kl", "Penalty for leaving the reference policy.", [&] { describe_kl(v, algorithm); });
  v.section("reference", "The policy that the KL term compares with.",
            [&] { describe_reference(v, algorithm.reference); });
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
           "A loss or gradient that is not finite ends the run, or its mini-batch is left out; the "
           "third in a row ends the run.");
}

void describe(FieldVisitor& v, OptimizerConfig& optimizer) {
  v.choice("kind", optimizer.kind,
           {{"adamw", OptimizerKind::kAdamW},
            {"adam", OptimizerKind::kAdam},
            {"lion", OptimizerKind::kLion},
            {"sgd", OptimizerKind::kSgd}},
           "The optimiser.");
  v.field("lr", optimizer.lr, kPositive, "Learning rate of the adapter.");
  v.field("critic_lr", optimizer.critic_lr, kPositive, "Learning rate of the value head.");
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
  v.field("max_grad_norm", optimizer.max_grad_norm, kNotNegative,
          "Gradients are scaled to at most this norm; 0: never.");
}

void describe(FieldVisitor& v, PlacementConfig& placement) {
  std::string word = placement.colocated() ? "colocated" : "";
  constexpr std::string_view kDoc =
      "`colocated`: every rank plays every role. Or ranks by role, which add up to the world.";
  if (v.word("placement", word, {"colocated"}, kDoc)) {
    placement = {};
    return;
  }
  v.section("placement", kDoc, [&] {
    v.field("rollout", placement.rollout, kCountOrZero, "Ranks that generate.");
    v.field("reward", placement.reward, kCountOrZero, "Ranks that score.");
    v.field("learner", placement.learner, kCountOrZero, "Ranks that train.");
  });
}

void describe(FieldVisitor& v, EvaluateConfig& evaluate) {
  v.field("every", evaluate.every, kCountOrZero,
          "Steps between evaluations; 0: only before and after.");
  v.field("prompts", evaluate.prompts, kCount, "Validation prompts of each.");
  v.field("test_prompts", evaluate.test_prompts, kCountOrZero,
          "Test prompts before and after; 0: all.");
  v.field("group_size", evaluate.group_size, kCount,
          "Prompts answered together, also where reward models and statistics need samples.");
}

void describe(FieldVisitor& v, CheckpointConfig& checkpoint) {
  v.field("every", checkpoint.every, kCountOrZero,
          "Steps between checkpoints; 0: only the best and the last.");
  v.field("keep", checkpoint.keep, kCount, "How many of the newest stay, beside the best.");
  v.field("keep_best", checkpoint.keep_best,
          "Metric of the validation set whose best step is kept and compared at the end.");
}

}  // namespace

void describe(FieldVisitor& v, TrainConfig& config) {
  v.section("run", "The run.", [&] { describe(v, config.run); });
  v.section("paths", "Folders.", [&] { describe(v, config.paths); });
  v.section("task", "Where prompts come from.", [&] { describe(v, config.task); });
  v.section("policy", "The model that is aligned.", [&] { describe(v, config.policy); });
  v.section("rollout", "How responses are sampled.", [&] { describe(v, config.rollout); });
  v.section("rewards", "What is rewarded.", [&] { describe(v, config.rewards); });
  named_list(v, "reward_models", config.reward_models,
             "Recipes of reward models that the program trains itself when rewards name them and "
             "their folder is missing.",
             [&](RewardModelRecipe& recipe) { describe(v, recipe); });
  v.section("algorithm", "How the policy learns; `kind` presets the rest.",
            [&] { describe(v, config.algorithm); });
  v.section("optimizer", "How gradients become steps.", [&] { describe(v, config.optimizer); });
  v.section("learner", "How updates are computed.", [&] {
    v.field("micro_tokens", config.learner.micro_tokens, kCount,
            "Token rows a forward pass, a rank. Memory, not results, depends on it.");
  });
  describe(v, config.placement);
  v.section("evaluate", "Held-out prompts, answered greedily.",
            [&] { describe(v, config.evaluate); });
  v.section("checkpoint", "What is kept.", [&] { describe(v, config.checkpoint); });
}

}  // namespace alarm_dist

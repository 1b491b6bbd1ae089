// SPDX-License-Identifier: Apache-2.0
#include "app/bind.hpp"

#include "app/bind_parts.hpp"

namespace alarm_dist {
namespace {

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
  v.field("date", task.date,
          "The day that chat templates which ask for today's are told (`strftime_now`), so that a "
          "run's prompts are the same on every day.");
  v.choice("on_error", task.on_error, {"stop", "skip"},
           "A bad record stops the run before it starts, or is left out and counted.");
}

void describe(FieldVisitor& v, PolicyConfig& policy) {
  v.field("model", policy.model, "A Hugging Face directory or a .gguf file.");
  v.choice("train", policy.train, {"adapter", "full"},
           "What is trained of it: a low-rank adapter, or every weight, which takes 16 bytes of a "
           "learner's memory for each (4 of an actor's; in bfloat16 2 more) and a learning rate "
           "some hundred times smaller.");
  v.section("adapter", "Of train: adapter.", [&] {
    v.field("path", policy.adapter,
            "Folder of a LoRA adapter in PEFT's layout that training starts from, such as a "
            "checkpoint's `adapter/`; its file says what is under `lora`. Empty: a new adapter, "
            "with which the policy begins as the model is.");
    v.section("lora", "Low-rank adapters (Hu et al. 2021).", [&] { describe(v, policy.lora); });
  });
  v.choice("precision", policy.precision, {"auto", "float32", "bfloat16", "float64"},
           "Type of the weights that are computed with, and of activations; what is trained is "
           "kept in float32 at least. `auto`: bfloat16 where the device "
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
  v.field(
      "repetition_penalty", rollout.sampling.repetition_penalty, kPositive,
      "Of tokens of the prompt (an encoder-decoder: of none) and the response so far, as in CTRL; "
      "1: none.");
  v.field("min_new_tokens", rollout.sampling.min_new_tokens, kCountOrZero,
          "No response ends before it has so many tokens.");
}

constexpr Range kLabel{.low = -1, .high = kUnlimited};

void describe_source(FieldVisitor& v, SourceConfig& source) {
  std::string word = source.kind == "model" ? "" : source.kind;
  constexpr std::string_view kDoc = "`link_grammar`, or a mapping with `model`.";
  if (v.word("source", word, {"link_grammar"}, kDoc)) {
    source.kind = word;
    return;
  }
  source.kind = "model";
  v.section("source", kDoc, [&] {
    v.field(
        "model", source.model,
        "Folder of a reward model, or its name below paths.reward_models: one that this program "
        "trained, or a Hugging Face directory of a decoder with a score head.");
    v.field("template", source.decoder.input,
            "What a decoder reads: a text with {response} and any of {prompt} {question} {aspect} "
            "{document}, or `chat`, its chat template. Empty: as its reward_model.json says.");
    v.field("max_tokens", source.decoder.max_tokens, kCountOrZero,
            "Of a decoder: longer texts lose their beginning; 0: its context.");
    v.field("label", source.decoder.label, kLabel,
            "Which output of a decoder's score head; -1: the only one.");
  });
}

void describe(FieldVisitor& v, ComposeConfig& compose) {
  v.choice(
      "kind", compose.kind,
      {{"hierarchical", Composition::kHierarchical},
       {"weighted_sum", Composition::kWeightedSum},
       {"holistic_only", Composition::kHolisticOnly},
       {"aspect_only", Composition::kAspectOnly}},
      "hierarchical: aspects count where the normalised holistic reward reaches the threshold.");
  v.field("threshold", compose.threshold, Range{.infinite = true},
          "On the normalised holistic reward, unweighted.");
  v.field("holistic_weight", compose.holistic_weight, Range{},
          "Factor of the holistic reward on the last token.");
  v.choice("shaping", compose.shaping, {{"none", Shaping::kNone}, {"sigmoid", Shaping::kSigmoid}},
           "Of aspect values, where they are emitted.");
  v.field("use", compose.use, "Aspects that count.");
  v.field("too_short_reward", compose.too_short_reward, Range{},
          "Times holistic_weight, for a response that is nothing but its end.");
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
  v.section("compose", "How components become one reward a token (docs/method.md).",
            [&] { describe(v, rewards.compose); });
  v.section("overlong", "A penalty for responses that come near max_new_tokens (DAPO).", [&] {
    v.field("buffer", rewards.overlong.buffer, kCountOrZero,
            "Tokens before max_new_tokens over which it grows; 0: none.");
    v.field("penalty", rewards.overlong.penalty, kNotNegative,
            "At max_new_tokens, on the last token.");
  });
  v.field("missing_end_penalty", rewards.missing_end_penalty, kNotNegative,
          "Taken from the reward of a response that max_new_tokens cut short, on its last token "
          "(TRL's missing_eos_penalty); 0: nothing.");
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
  v.field("trunk", recipe.trunk,
          "Hugging Face directory of an encoder to start from (BERT, RoBERTa, Longformer, "
          "DeBERTa-v2).");
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
  v.field("max_tokens", recipe.max_tokens, Range{.low = 8, .high = 1 << 20},
          "Longest input; the trunk's positions at most.");
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
  v.choice("weights", evaluate.weights,
           {{"last", EvaluatedWeights::kLast}, {"ema", EvaluatedWeights::kEma}},
           "Which are evaluated, chosen among by checkpoint.keep_best and written to a "
           "checkpoint's policy/ and adapter/; ema: those of optimizer.ema.");
  v.field("prompts", evaluate.prompts, kCount, "Validation prompts of each.");
  v.field("test_prompts", evaluate.test_prompts, kCountOrZero,
          "Test prompts before and after; 0: all.");
  v.field("group_size", evaluate.group_size, kCount,
          "Prompts answered together, also where reward models and statistics need samples.");
}

void describe(FieldVisitor& v, CheckpointConfig& checkpoint) {
  v.field("every", checkpoint.every, kCountOrZero,
          "Steps between checkpoints; 0: only the best and the last.");
  v.field("keep", checkpoint.keep, kCount,
          "How many of the newest stay, beside the best and the one that kl.bound goes back to.");
  v.field("keep_best", checkpoint.keep_best,
          "Metric of the validation set whose best step is kept and compared at the end.");
}

}  // namespace

void describe(FieldVisitor& v, LoraConfig& lora) {
  v.field("rank", lora.rank, kCount, "Rank of the adapters.");
  v.field("alpha", lora.alpha, kPositive, "The adapter's output is scaled by alpha / rank.");
  v.field("targets", lora.targets,
          "Projections that get one, by the ends of their names as in PEFT; `all-linear`: every "
          "one.");
}

void describe(FieldVisitor& v, TrainConfig& config) {
  v.section("run", "The run.", [&] { describe(v, config.run); });
  v.section("paths", "Folders.", [&] { describe(v, config.paths); });
  v.section("task", "Where prompts come from.", [&] { describe(v, config.task); });
  v.section("policy", "The model that is aligned.", [&] { describe(v, config.policy); });
  v.section("rollout", "How responses are sampled.", [&] { describe(v, config.rollout); });
  v.optional_section("rewards", config.rewards.configured,
                     "What is rewarded. What learns from the data set's answers (algorithm.data: "
                     "references) needs nothing here.",
                     [&] { describe(v, config.rewards); });
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

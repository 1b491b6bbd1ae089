// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/memory_plan.hpp"

#include <algorithm>
#include <numeric>

#include "alarm/model/response_scores.hpp"
#include "alarm/train/algorithm.hpp"
#include "alarm/train/placement.hpp"

namespace alarm_dist {
namespace {

// Measured (docs/architecture.md, 3): private pages of a rank, the libraries' own data and MKL's
// buffers among them; pages of libraries that the ranks of a node share; a word of a tokenizer, in
// its maps and merges; what oneDNN and LibTorch hold of a product of one shape.
constexpr double kProgramBytes = 100e6;
constexpr double kLibraryBytes = 100e6;
constexpr double kWordBytes = 500;
constexpr double kPreparedProductBytes = 0.56e6;
constexpr double kFloat = 4;
constexpr std::int64_t kMostCachedTokens = 16384;  // as the generator plans its waves
constexpr std::int64_t kTextsOfAGroup = 6;  // of a preference group: an answer and five worse ones

bool whole(const TrainConfig& config) { return config.policy.trained() == Trained::kWeights; }

double real(std::int64_t value) { return static_cast<double>(value); }

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

struct Widths {
  double hidden, qkv, attended, feed_forward, heads;
};

Widths widths_of(const CausalLmShape& p) {
  return {.hidden = real(p.hidden),
          .qkv = real((p.heads + 2 * p.kv_heads) * p.head_size),
          .attended = real(p.heads * p.head_size),
          .feed_forward = real(p.feed_forward),
          .heads = real(p.heads)};
}

// What autograd keeps of a row in one layer: the sum over layers before each norm (float32), and in
// the activations' type both norms' outputs, rotated heads, attended heads, gate and up, their
// product, and the adapters' narrow products.
double saved_bytes_a_row(const CausalLmShape& shape, double element_bytes, std::int64_t lora_rank) {
  const Widths w = widths_of(shape);
  const double narrow = 7 * real(lora_rank);
  return kFloat * (2 * w.hidden + w.heads) +
         element_bytes * (2 * w.hidden + w.qkv + w.attended + 3 * w.feed_forward + narrow);
}

// One layer at work, forward or backward: the sum over layers twice, and the feed-forward part's
// inputs, products and their gradients.
double working_bytes_a_row(const CausalLmShape& shape, double element_bytes) {
  const Widths w = widths_of(shape);
  return kFloat * 2 * w.hidden + element_bytes * (w.qkv + 6 * w.feed_forward);
}

// Forward and backward of a micro-batch, without logits.
double pass_bytes(const CausalLmShape& shape, double element_bytes, std::int64_t lora_rank,
                  std::int64_t rows) {
  return real(rows) * (real(shape.layers) * saved_bytes_a_row(shape, element_bytes, lora_rank) +
                       working_bytes_a_row(shape, element_bytes));
}

// Rows of logits that exist at a time.
double logit_elements(const MemoryFacts& facts, std::int64_t rows) {
  const double vocabulary = real(facts.policy.vocabulary);
  return std::min(real(rows) * vocabulary, std::max(real(kLogitsAtOnce), vocabulary));
}

// Log-probabilities and probabilities in float32 or wider, and the latter in the activations' type
// for the product with the head; or, for an entropy with a gradient, two terms of it.
double logits_bytes(const TrainConfig& config, const MemoryFacts& facts, std::int64_t rows) {
  const double element = real(facts.element_bytes), wide = std::max(kFloat, element);
  const double beside =
      config.algorithm.entropy_coef > 0 ? 2 * wide : (element < kFloat ? element : 0);
  return logit_elements(facts, rows) * (2 * wide + beside);
}

// Of a head that is trained: its gradient, which a part is added to, and pieces of logits that are
// larger, with their gradient.
double trained_head_bytes(const MemoryFacts& facts, std::int64_t rows) {
  const auto& p = facts.policy;
  const double wide = std::max(kFloat, real(facts.element_bytes));
  const double at_once =
      std::min(real(rows * p.vocabulary), real(kTrainedHeadFactor * kLogitsAtOnce));
  return 2 * wide * real(p.vocabulary * p.hidden) + 3 * wide * at_once;
}

// Of etpo, float32 or wider: the logarithms of policy and reference, Q-values, the policy itself,
// what each token costs, and the product of the last two, which is summed.
double q_logits_bytes(const MemoryFacts& facts, std::int64_t rows) {
  return logit_elements(facts, rows) * 6 * std::max(kFloat, real(facts.element_bytes));
}

// A learner's share of a mini-batch, whole prompts, cut by the budget; a single sample is not cut.
// Learners beyond the number of prompts get none.
std::int64_t largest_micro_batch(const TrainConfig& config, const MemoryFacts& facts,
                                 const Placement& placement, int rank) {
  const auto& rollout = config.rollout;
  const auto prompts = divide_up(config.algorithm.minibatch, rollout.samples_per_prompt);
  const auto response = rollout.sampling.max_new_tokens;
  const auto unit = facts.longest_prompt + rollout.samples_per_prompt * response;
  const bool whole = unit <= config.learner.micro_tokens;
  if (whole && rank - placement.first_learner() >= prompts) return 0;
  return std::min(divide_up(prompts, placement.learners()) * unit,
                  std::max(config.learner.micro_tokens, facts.longest_prompt + response));
}

double generation_bytes(const TrainConfig& config, const MemoryFacts& facts) {
  const auto& p = facts.policy;
  const auto& rollout = config.rollout;
  const auto response = rollout.sampling.max_new_tokens;
  const auto prompts = std::max(divide_up(rollout.group_size, rollout.samples_per_prompt),
                                config.evaluate.group_size);
  const auto samples = std::max(rollout.group_size, config.evaluate.group_size);
  const auto limit = std::max(kMostCachedTokens, facts.longest_prompt + response);
  const auto prompt_rows = std::min(prompts * facts.longest_prompt, limit);
  const auto cached = std::min(prompt_rows + samples * response, limit);
  const double cache_bytes = 2 * real(p.layers * p.kv_heads * p.head_size * facts.element_bytes);
  return real(cached) * cache_bytes +
         real(prompt_rows) * working_bytes_a_row(p, real(facts.element_bytes)) +
         real(samples * p.vocabulary) * 3 * kFloat;
}

// A decoder's feed-forward part is gated, and its sum over layers is float32, before and after.
double encoder_row_bytes(const EncoderFacts& encoder, double element_bytes) {
  const double hidden = real(encoder.hidden), wide = real(encoder.feed_forward);
  if (encoder.mapped) return element_bytes * (5 * hidden + 3 * wide) + 2 * kFloat * hidden;
  return element_bytes * (5 * hidden + 2 * wide);
}

// Saved for the backward pass, by layer: inputs and outputs of the linear layers, both sums before
// the norms, both inputs and outputs of the activation function.
double encoder_saved_bytes(const EncoderFacts& encoder, double element_bytes) {
  return element_bytes * real(encoder.layers) *
         (9 * real(encoder.hidden) + 2 * real(encoder.feed_forward));
}

double training_bytes(const EncoderFacts& encoder, double element_bytes, int world_size) {
  const auto& recipe = *encoder.to_train;
  const auto texts = recipe.kind == "preference" ? recipe.batch * kTextsOfAGroup : recipe.batch;
  // Pieces are closed when they have reached the budget.
  const auto rows = std::min(divide_up(texts, world_size) * recipe.max_tokens,
                             recipe.micro_tokens + kTextsOfAGroup * recipe.max_tokens);
  const double weights = real(encoder.weight_bytes) * (4 + element_bytes / kFloat);
  return weights + real(rows) * encoder_saved_bytes(encoder, element_bytes);
}

void add_critic(RankMemory& rank, const TrainConfig& config, const MemoryFacts& facts,
                const CriticFacts& critic) {
  const double element = real(facts.element_bytes);
  const bool q = resolve_algorithm(config.algorithm).learns_q();
  const double target = q ? kFloat : 0;
  rank.critic = real(critic.trained_parameters) * (4 * kFloat + element + target);
  if (q) {
    rank.update +=
        q_logits_bytes(facts, rank.update_rows) - logits_bytes(config, facts, rank.update_rows);
  }
  const auto lora_rank = config.algorithm.critic.lora.rank;
  rank.update =
      std::max(rank.update, pass_bytes(critic.shape, element, lora_rank, rank.update_rows));
}

bool reference_is_copied(const TrainConfig& config) {
  const auto kind = resolve_algorithm(config.algorithm).reference.kind;
  if (kind == ReferenceKind::kFrozen) return !config.policy.adapter.empty();
  return kind != ReferenceKind::kBase;
}

RankMemory plan_rank(const TrainConfig& config, const MemoryFacts& facts, int number,
                     int world_size) {
  const Placement placement(config.placement, number, world_size);
  const double element = real(facts.element_bytes);
  // What is trained is float32 at least.
  const double leaf = whole(config) ? std::max(kFloat, element) : kFloat;
  const double reference = reference_is_copied(config) ? leaf : 0;
  RankMemory rank{.program = kProgramBytes + kWordBytes * real(facts.policy.vocabulary)};
  if (facts.element_bytes == 2 && config.policy.device == "cpu")
    rank.prepared = real(kPreparedProducts) * kPreparedProductBytes;
  // Weights that are computed with as they are are there once.
  const double rounded = whole(config) && element == leaf ? 0 : element;
  rank.trained = real(facts.trained_parameters) * (leaf + rounded);
  // What it started from, for the comparison at the end.
  if (!config.policy.adapter.empty()) rank.trained += real(facts.trained_parameters) * leaf;
  // Kept by learners, lent to the others while they evaluate it.
  const bool averaged = placement.learns() || config.evaluate.weights == EvaluatedWeights::kEma;
  if (config.optimizer.ema.decay > 0 && averaged)
    rank.trained += real(facts.trained_parameters) * leaf;
  if (placement.learns()) {
    rank.trained += real(facts.trained_parameters) * (3 * leaf + reference);
    rank.update_rows = largest_micro_batch(config, facts, placement, number);
    const auto lora_rank = whole(config) ? 0 : config.policy.lora.rank;
    rank.update = pass_bytes(facts.policy, element, lora_rank, rank.update_rows) +
                  (whole(config) ? trained_head_bytes(facts, rank.update_rows)
                                 : logits_bytes(config, facts, rank.update_rows));
    if (facts.critic) add_critic(rank, config, facts, *facts.critic);
  }
  if (placement.generates()) rank.generation = generation_bytes(config, facts);
  for (const auto& encoder : facts.encoders) {
    if (placement.scores()) {
      if (facts.element_bytes != 4 && !encoder.mapped)
        rank.encoders += real(encoder.weight_bytes) * element / kFloat;
      rank.scoring = std::max(
          rank.scoring, real(config.learner.micro_tokens) * encoder_row_bytes(encoder, element));
    }
    if (encoder.to_train != nullptr) {
      rank.reward_model_training =
          std::max(rank.reward_model_training, training_bytes(encoder, element, world_size));
    }
  }
  return rank;
}

}  // namespace

double RankMemory::step() const { return std::max({generation, scoring, update}); }

double RankMemory::total() const {
  return program + prepared + std::max(trained + critic + encoders + step(), reward_model_training);
}

double MemoryPlan::node() const {
  return std::accumulate(ranks.begin(), ranks.end(), shared,
                         [](double sum, const RankMemory& rank) { return sum + rank.total(); });
}

MemoryPlan plan_memory(const TrainConfig& config, const MemoryFacts& facts, int world_size) {
  MemoryPlan plan{.shared = kLibraryBytes + real(facts.weight_bytes), .ranks = {}};
  if (facts.critic) plan.shared += real(facts.critic->weight_bytes);
  for (const auto& encoder : facts.encoders) plan.shared += real(encoder.weight_bytes);
  for (int rank = 0; rank < world_size; ++rank) {
    plan.ranks.push_back(plan_rank(config, facts, rank, world_size));
  }
  return plan;
}

}  // namespace alarm_dist

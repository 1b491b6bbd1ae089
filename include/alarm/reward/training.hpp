// SPDX-License-Identifier: Apache-2.0
// Losses and measures of reward models. The loop over them is in room train.
//
// Losses are sums, so that ranks and micro-batches add up; the trainer divides by the global count
// (DESIGN, law 3).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/encoder.hpp"
#include "alarm/reward/input_template.hpp"
#include "alarm/reward/pairs.hpp"
#include "alarm/reward/sentence_examples.hpp"

namespace alarm_dist {

// sum of -log sigmoid(chosen - rejected - margin), Bradley-Terry.
at::Tensor bradley_terry_loss(const at::Tensor& chosen_B, const at::Tensor& rejected_B,
                              double margin = 0);
// sum of -y log sigmoid(x) - (1 - y) log sigmoid(-x); labels are 0 or 1.
at::Tensor binary_cross_entropy_loss(const at::Tensor& logits_B, const at::Tensor& labels_B);

// Sequences of pairs, chosen and rejected in turn (2B), and of examples (B): for a trainer that
// packs batches itself.
std::vector<EncoderInput> pair_inputs(const Tokenizer& tokenizer,
                                      const InputTemplate& input_template,
                                      std::span<const PreferencePair> pairs);
std::vector<EncoderInput> example_inputs(const Tokenizer& tokenizer,
                                         const InputTemplate& input_template,
                                         std::span<const SentenceExample> examples);
at::Tensor bradley_terry_sum(const at::Tensor& scores_2B);  // of pair_inputs
at::Tensor cross_entropy_sum(const at::Tensor& scores_B, std::span<const SentenceExample> examples);

// The same in one go: one packed batch through the model.
at::Tensor bradley_terry_sum(const EncoderModel& model, const Tokenizer& tokenizer,
                             const InputTemplate& input_template,
                             std::span<const PreferencePair> pairs);
at::Tensor cross_entropy_sum(const EncoderModel& model, const Tokenizer& tokenizer,
                             const InputTemplate& input_template,
                             std::span<const SentenceExample> examples);

// Scores of many sequences in input order, without gradients, in batches of at most micro_tokens
// rows (one sequence at least). Sequences of about equal length share a batch.
std::vector<double> score_inputs(const EncoderModel& model, std::span<const EncoderInput> inputs,
                                 std::int64_t micro_tokens);
// What any head gives, the same way: float64 [rows, labels] on the CPU for each sequence, a row for
// each token under EncoderHead::Kind::kTokens, else one.
std::vector<at::Tensor> classify_inputs(const EncoderModel& model,
                                        std::span<const EncoderInput> inputs,
                                        std::int64_t micro_tokens);

// Share of pairs with the chosen text scored above the rejected one (a tie is wrong), by kind.
// Ranks add their counts.
struct PairAccuracy {
  struct Count {
    std::int64_t pairs = 0;
    std::int64_t correct = 0;
  };
  std::array<Count, kPairKinds.size()> counts{};  // by PairKind

  void add(PairKind kind, double chosen, double rejected);
  void merge(const PairAccuracy& other);
  std::optional<double> of(PairKind kind) const;  // nothing without pairs
  std::optional<double> mixture(
      const PairMix& mix) const;  // over the kinds that were seen, weighted by their shares
  std::map<std::string, double> by_name() const;  // kinds that were seen, and "all"
};
PairAccuracy measure_pairs(std::span<const PreferencePair> pairs,
                           std::span<const double> scores_2B);

// Probability that a positive scores above a negative, ties counting half (Mann-Whitney). Throws
// Error when a class is empty or a score is not finite.
double area_under_curve(std::span<const double> scores, const std::vector<bool>& labels);

}  // namespace alarm_dist

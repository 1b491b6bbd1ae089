// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/training.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {

at::Tensor bradley_terry_loss(const at::Tensor& chosen_B, const at::Tensor& rejected_B,
                              double margin) {
  ALARM_CHECK(chosen_B.sizes() == rejected_B.sizes() && chosen_B.dim() == 1,
              "Bradley-Terry needs one score for each text of a pair, got {} and {}",
              chosen_B.numel(), rejected_B.numel());
  return -at::log_sigmoid(chosen_B - rejected_B - margin).sum();
}

at::Tensor binary_cross_entropy_loss(const at::Tensor& logits_B, const at::Tensor& labels_B) {
  ALARM_CHECK(logits_B.sizes() == labels_B.sizes() && logits_B.dim() == 1,
              "binary cross-entropy needs one label for each score, got {} and {}",
              labels_B.numel(), logits_B.numel());
  const at::Tensor positive_B = labels_B * at::log_sigmoid(logits_B);
  const at::Tensor negative_B = (1 - labels_B) * at::log_sigmoid(-logits_B);
  return -(positive_B + negative_B).sum();
}

std::vector<EncoderInput> pair_inputs(const Tokenizer& tokenizer,
                                      const InputTemplate& input_template,
                                      std::span<const PreferencePair> pairs) {
  std::vector<EncoderInput> inputs;
  inputs.reserve(2 * pairs.size());
  for (const PreferencePair& pair : pairs) {
    for (const std::string* text : {&pair.chosen, &pair.rejected}) {
      inputs.push_back(build_input(tokenizer, input_template, *pair.record, {.response = *text}));
    }
  }
  return inputs;
}

std::vector<EncoderInput> example_inputs(const Tokenizer& tokenizer,
                                         const InputTemplate& input_template,
                                         std::span<const SentenceExample> examples) {
  std::vector<EncoderInput> inputs;
  inputs.reserve(examples.size());
  for (const SentenceExample& example : examples) {
    inputs.push_back(build_input(tokenizer, input_template, *example.record,
                                 {.response = example.sentence, .sentence = example.sentence}));
  }
  return inputs;
}

at::Tensor bradley_terry_sum(const at::Tensor& scores_2B) {
  ALARM_CHECK(scores_2B.dim() == 1 && scores_2B.size(0) % 2 == 0,
              "expected two scores a pair, got {}", scores_2B.numel());
  const at::Tensor pairs_B2 = scores_2B.view({-1, 2});
  return bradley_terry_loss(pairs_B2.select(1, 0), pairs_B2.select(1, 1));
}

at::Tensor cross_entropy_sum(const at::Tensor& scores_B,
                             std::span<const SentenceExample> examples) {
  std::vector<double> labels;
  labels.reserve(examples.size());
  for (const SentenceExample& example : examples) labels.push_back(example.label ? 1 : 0);
  const at::Tensor labels_B =
      at::tensor(labels, at::kDouble).to(scores_B.device(), scores_B.scalar_type());
  return binary_cross_entropy_loss(scores_B, labels_B);
}

at::Tensor bradley_terry_sum(const EncoderModel& model, const Tokenizer& tokenizer,
                             const InputTemplate& input_template,
                             std::span<const PreferencePair> pairs) {
  return bradley_terry_sum(model.scores(pair_inputs(tokenizer, input_template, pairs)));
}

at::Tensor cross_entropy_sum(const EncoderModel& model, const Tokenizer& tokenizer,
                             const InputTemplate& input_template,
                             std::span<const SentenceExample> examples) {
  return cross_entropy_sum(model.scores(example_inputs(tokenizer, input_template, examples)),
                           examples);
}

std::vector<double> score_inputs(const EncoderModel& model, std::span<const EncoderInput> inputs,
                                 std::int64_t micro_tokens) {
  const at::NoGradGuard no_grad;
  std::vector<std::size_t> order(inputs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return inputs[a].tokens.size() < inputs[b].tokens.size();
  });
  std::vector<double> scores(inputs.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::vector<EncoderInput> batch;
    std::int64_t rows = 0;
    while (begin + batch.size() < order.size()) {
      const EncoderInput& next = inputs[order[begin + batch.size()]];
      rows += static_cast<std::int64_t>(next.tokens.size());
      if (!batch.empty() && rows > micro_tokens) break;
      batch.push_back(next);
    }
    const at::Tensor scores_B = model.scores(batch).to(at::kCPU, at::kDouble).contiguous();
    const auto* values = scores_B.const_data_ptr<double>();
    for (std::size_t i = 0; i < batch.size(); ++i) scores[order[begin + i]] = values[i];
    begin += batch.size();
  }
  return scores;
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/training.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

// Places of inputs: those of about equal length share a batch of at most micro_tokens rows (one
// sequence at least).
std::vector<std::vector<std::size_t>> even_batches(std::span<const EncoderInput> inputs,
                                                   std::int64_t micro_tokens) {
  std::vector<std::size_t> order(inputs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return inputs[a].tokens.size() < inputs[b].tokens.size();
  });
  std::vector<std::vector<std::size_t>> batches;
  std::int64_t rows = 0;
  for (const auto i : order) {
    rows += static_cast<std::int64_t>(inputs[i].tokens.size());
    if (batches.empty() || rows > micro_tokens) {
      batches.emplace_back();
      rows = static_cast<std::int64_t>(inputs[i].tokens.size());
    }
    batches.back().push_back(i);
  }
  return batches;
}

std::vector<EncoderInput> gather(std::span<const EncoderInput> inputs,
                                 const std::vector<std::size_t>& places) {
  std::vector<EncoderInput> batch;
  for (const auto place : places) batch.push_back(inputs[place]);
  return batch;
}

at::Tensor on_cpu(const at::Tensor& values) {
  return values.to(at::kCPU, at::kDouble).contiguous();
}

}  // namespace

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
  std::vector<double> scores(inputs.size());
  for (const auto& batch : even_batches(inputs, micro_tokens)) {
    const auto scores_B = on_cpu(model.scores(gather(inputs, batch)));
    const auto* values = scores_B.const_data_ptr<double>();
    for (std::size_t i = 0; i < batch.size(); ++i) scores[batch[i]] = values[i];
  }
  return scores;
}

std::vector<at::Tensor> classify_inputs(const EncoderModel& model,
                                        std::span<const EncoderInput> inputs,
                                        std::int64_t micro_tokens) {
  const at::NoGradGuard no_grad;
  const bool by_token = model.head().kind == EncoderHead::Kind::kTokens;
  std::vector<at::Tensor> logits(inputs.size());
  for (const auto& batch : even_batches(inputs, micro_tokens)) {
    const auto logits_ML = on_cpu(model.logits(gather(inputs, batch)));
    std::int64_t row = 0;
    for (const auto i : batch) {
      const auto rows = by_token ? static_cast<std::int64_t>(inputs[i].tokens.size()) : 1;
      logits[i] = logits_ML.narrow(0, row, rows);
      row += rows;
    }
  }
  return logits;
}

}  // namespace alarm_dist

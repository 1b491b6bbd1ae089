// SPDX-License-Identifier: Apache-2.0
// Losses and accuracies of reward models: sums over examples, so that ranks can share them out (the loop is in room train).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/encoder.hpp"
#include "alarm/reward/input_template.hpp"
#include "alarm/reward/pairs.hpp"

namespace alarm_dist {

// -log sigmoid(chosen - rejected), smoothed: (1 - s) * that + s * (-log sigmoid(rejected - chosen)); by pair. Pure.
at::Tensor bradley_terry(const at::Tensor& chosen_P, const at::Tensor& rejected_P, double label_smoothing);
// Binary cross-entropy with logits, positives weighted; by example. Pure.
at::Tensor binary_cross_entropy(const at::Tensor& logits_B, const at::Tensor& labels_B, double positive_weight);

// Scores of every text of the groups in one packed pass: for each group its chosen text, then its rejected ones.
at::Tensor score_groups(const EncoderModel& model, const Tokenizer& tokenizer, const InputTemplate& input_template,
                        std::span<const PreferenceGroup> groups);
// Sum over all pairs of the groups of bradley_terry(), differentiable.
at::Tensor preference_loss_sum(const at::Tensor& scores, std::span<const PreferenceGroup> groups, double label_smoothing);
at::Tensor score_texts(const EncoderModel& model, const Tokenizer& tokenizer, const InputTemplate& input_template,
                       std::span<const LabelledText> texts);
std::int64_t count_pairs(std::span<const PreferenceGroup> groups);

struct Count {
  std::int64_t correct = 0;
  std::int64_t total = 0;
};
// Pairs whose chosen text scores higher (a tie is wrong), by kind.
std::map<RejectedKind, Count> count_correct(const at::Tensor& scores, std::span<const PreferenceGroup> groups);
// Area under the ROC curve, ties counted half. Throws Error unless both labels occur.
double area_under_curve(std::span<const double> scores, const std::vector<bool>& labels);

}  // namespace alarm_dist

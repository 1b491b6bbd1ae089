// SPDX-License-Identifier: Apache-2.0
// An encoder whose scores can be worked out by hand.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include <ATen/ATen.h>

#include "alarm/model/encoder.hpp"

namespace alarm_dist::testing {

constexpr std::int64_t kPoison = 666;  // a sequence that holds this token scores nan

// The score of a sequence is weight * (sum of its tokens of type 0), weight a float64 leaf.
class FakeEncoder final : public EncoderModel {
 public:
  explicit FakeEncoder(double weight = 1, EncoderHead head = {}, std::int64_t types = 2)
      : weight_(at::scalar_tensor(weight, at::kDouble).set_requires_grad(true)),
        head_(head),
        types_(types) {}

  std::int64_t hidden_size() const override { return 1; }
  std::int64_t vocabulary_size() const override { return 1000; }
  std::int64_t max_positions() const override { return 64; }
  std::int64_t token_types() const override { return types_; }
  at::Tensor hidden(const std::vector<EncoderInput>&) const override { return {}; }
  EncoderHead head() const override { return head_; }
  // By token: 0, and the token itself; of two labels the first is 50.
  at::Tensor logits(const std::vector<EncoderInput>& inputs) const override {
    if (head_.kind != EncoderHead::Kind::kTokens) {
      const auto own_B1 = scores(inputs).unsqueeze(1);
      return head_.labels == 1 ? own_B1 : at::cat({at::full_like(own_B1, 50), own_B1}, 1);
    }
    std::vector<double> numbers;
    for (const EncoderInput& input : inputs) {
      for (const auto token : input.tokens)
        numbers.insert(numbers.end(), {0.0, static_cast<double>(token)});
    }
    return at::tensor(numbers, at::kDouble).view({-1, 2});
  }
  at::Tensor scores(const std::vector<EncoderInput>& inputs) const override {
    batches += 1;
    std::vector<double> sums;
    for (const EncoderInput& input : inputs) {
      largest_batch =
          std::max<std::int64_t>(largest_batch, static_cast<std::int64_t>(inputs.size()));
      double sum = 0;
      for (std::size_t i = 0; i < input.tokens.size(); ++i) {
        if (input.types[i] == 0) sum += static_cast<double>(input.tokens[i]);
        if (input.tokens[i] == kPoison) sum = std::numeric_limits<double>::quiet_NaN();
      }
      sums.push_back(sum);
    }
    return at::tensor(sums, at::kDouble) * weight_;
  }
  NamedTensors trainable() const override { return {}; }
  NamedTensors weights() const override { return {}; }
  void save(const std::filesystem::path&) const override {}

  const at::Tensor& weight() const { return weight_; }
  mutable int batches = 0;
  mutable std::int64_t largest_batch = 0;

 private:
  at::Tensor weight_;
  EncoderHead head_;
  std::int64_t types_;
};

}  // namespace alarm_dist::testing

// SPDX-License-Identifier: Apache-2.0
// Against Transformers, by tests/golden/make_llama.py.
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "alarm/model/generator.hpp"
#include "alarm/model/response_scores.hpp"

#include "model/tiny_llama.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;

constexpr double kTemperature = 0.8;

RaggedBatch golden_sequence() {
  RaggedBatch batch;
  batch.add(kResponses[2], batch.add(kPrompt));
  return batch;
}

// The loss of the script: weights that differ by token and response, and a part that is not linear.
at::Tensor golden_loss(const at::Tensor& logprobs_T) {
  std::vector<double> weights;
  for (std::size_t r = 0; r < kResponses.size(); ++r) {
    for (std::size_t i = 0; i < kResponses[r].size(); ++i) {
      weights.push_back(static_cast<double>(i + 1) * (static_cast<double>(r) - 0.5));
    }
  }
  const auto weights_T = at::tensor(weights, at::TensorOptions(at::kDouble));
  return (weights_T * logprobs_T).sum() + logprobs_T.square().sum();
}

ResponseScores score_golden_responses(const CausalLm& model) {
  ResponseBatch batch;
  batch.add(kPrompt, kResponses);
  return score_responses(model, batch, kTemperature, Adapter::kOn);
}

TEST(LlamaGolden, LogitsAgreeInDouble) {
  const auto model = load_tiny_llama(at::kDouble, Lora::kOff);

  const auto logits = model->logits(model->hidden(golden_sequence(), Adapter::kOn), Adapter::kOn);

  EXPECT_LT(max_difference(logits, golden("logits")), 1e-9);
}

TEST(LlamaGolden, LogitsAgreeInSingle) {
  const auto model = load_tiny_llama(at::kFloat, Lora::kOff);

  const auto logits = model->logits(model->hidden(golden_sequence(), Adapter::kOn), Adapter::kOn);

  EXPECT_EQ(logits.scalar_type(), at::kFloat);
  EXPECT_LT(max_difference(logits, golden("logits")), 1e-4);
}

TEST(LlamaGolden, BfloatIsNearAndItsLogitsAreSingle) {
  const auto model = load_tiny_llama(at::kBFloat16, Lora::kOff);

  const auto logits = model->logits(model->hidden(golden_sequence(), Adapter::kOn), Adapter::kOn);

  EXPECT_EQ(logits.scalar_type(), at::kFloat);
  EXPECT_LT(relative_difference(logits, golden("logits")), 0.03);
}

TEST(LlamaGolden, ReferenceIsTheModelWithoutItsAdapter) {
  const auto model = load_tiny_llama(at::kDouble, Lora::kGolden);

  const auto reference =
      model->logits(model->hidden(golden_sequence(), Adapter::kOff), Adapter::kOff);
  const auto policy = model->logits(model->hidden(golden_sequence(), Adapter::kOn), Adapter::kOn);

  EXPECT_LT(max_difference(reference, golden("logits")), 1e-9);
  EXPECT_GT(max_difference(policy, golden("logits")), 1e-2);
}

TEST(LlamaGolden, ScoresAndEntropiesOfTheAdaptedModelAgree) {
  const auto model = load_tiny_llama(at::kDouble, Lora::kGolden);

  const auto scores = score_golden_responses(*model);

  EXPECT_LT(max_difference(scores.logprobs_T, golden("scores")), 1e-9);
  EXPECT_LT(max_difference(scores.entropy_T, golden("entropies")), 1e-9);
  EXPECT_FALSE(scores.entropy_T.requires_grad());
}

TEST(LlamaGolden, AdapterGradientsAgree) {
  const auto model = load_tiny_llama(at::kDouble, Lora::kGolden);

  const auto loss = golden_loss(score_golden_responses(*model).logprobs_T);
  loss.backward();

  EXPECT_NEAR(loss.item<double>(), golden("loss").item<double>(), 1e-8);
  ASSERT_EQ(model->trainable().size(), 2U * 7 * 3);
  for (const auto& [name, tensor] : model->trainable()) {
    EXPECT_LT(relative_difference(tensor.grad(), golden("gradient." + name)), 1e-6) << name;
  }
}

TEST(LlamaGolden, AdapterGradientsInSingleAreNear) {
  const auto model = load_tiny_llama(at::kFloat, Lora::kGolden);

  golden_loss(score_golden_responses(*model).logprobs_T).backward();

  for (const auto& [name, tensor] : model->trainable()) {
    EXPECT_LT(relative_difference(tensor.grad(), golden("gradient." + name)), 1e-4) << name;
  }
}

TEST(LlamaGolden, GreedyGenerationAgreesFor200Tokens) {
  const auto model = load_tiny_llama(at::kDouble, Lora::kOff);
  const std::vector<GenerationRequest> requests{{.prompt = kPrompt, .sample_id = 0}};

  const auto results = generate(*model, requests, {.max_new_tokens = 200, .temperature = 0}, {});

  const auto expected = golden("greedy");
  const auto* tokens = expected.const_data_ptr<std::int64_t>();
  EXPECT_EQ(results[0].tokens, std::vector<std::int64_t>(tokens, tokens + 200));
  EXPECT_EQ(results[0].finish, FinishReason::kLength);
}

}  // namespace
}  // namespace alarm_dist

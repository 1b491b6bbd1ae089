// SPDX-License-Identifier: Apache-2.0
// Every decoder family against transformers, by tests/golden/make_families.py.
//
// ALARM_EXPORT_FAMILIES=DIR: SavesWhatTransformersExpects leaves its checkpoints in DIR, for the
// script's --check.
#include <cstdlib>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/model/generator.hpp"
#include "alarm/model/response_scores.hpp"

#include "model/tiny_families.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;

constexpr double kTemperature = 0.8;

class Family : public ::testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<CausalLm> load(at::ScalarType dtype,
                                 FamilyAdapter adapter = FamilyAdapter::kNone) const {
    return load_family(dir_, dtype, adapter);
  }
  std::unique_ptr<CausalLm> load_whole(at::ScalarType dtype) const {
    return CausalLm::load(dir_, {.dtype = dtype, .trained = Trained::kWeights});
  }
  at::Tensor golden(const std::string& key) const { return family_golden(GetParam(), key); }

 private:
  const TempDir temp_;
  const std::filesystem::path dir_ = write_family(GetParam(), temp_ / "model");
};

Tokens joined(Tokens sequence, const Tokens& more) {
  sequence.insert(sequence.end(), more.begin(), more.end());
  return sequence;
}

at::Tensor logits_of(const CausalLm& model, const Tokens& tokens) {
  RaggedBatch batch;
  batch.add(tokens);
  return model.logits(model.hidden(batch, Adapter::kOn), Adapter::kOn).detach();
}

at::Tensor golden_logits(const CausalLm& model) {
  return logits_of(model, joined(kFamilyPrompts[0], kFamilyResponses[2]));
}

// Of the script.
at::Tensor golden_loss(const at::Tensor& logprobs_T) {
  std::vector<double> weights;
  for (std::size_t r = 0; r < kFamilyResponses.size(); ++r) {
    for (std::size_t i = 0; i < kFamilyResponses[r].size(); ++i)
      weights.push_back(static_cast<double>(i + 1) * (static_cast<double>(r) - 0.5));
  }
  const auto weights_T = at::tensor(weights, at::TensorOptions(at::kDouble));
  return (weights_T * logprobs_T).sum() + logprobs_T.square().sum();
}

at::Tensor response_logprobs(const CausalLm& model) {
  ResponseBatch batch;
  batch.add(kFamilyPrompts[0], kFamilyResponses);
  return score_responses(model, batch, kTemperature, Adapter::kOn).logprobs_T;
}

TEST_P(Family, LogitsAgreeInDouble) {
  EXPECT_LT(max_difference(golden_logits(*load(at::kDouble)), golden("logits")), 1e-9);
}

TEST_P(Family, LogitsAgreeInSingle) {
  EXPECT_LT(max_difference(golden_logits(*load(at::kFloat)), golden("logits")), 1e-4);
}

TEST_P(Family, BfloatIsNear) {
  EXPECT_LT(relative_difference(golden_logits(*load(at::kBFloat16)), golden("logits")), 0.05);
}

// Three responses share their prompt's rows; transformers saw them one at a time.
TEST_P(Family, ScoresOfResponsesAndGradientsOfAdaptersAgree) {
  const auto model = load(at::kDouble, FamilyAdapter::kGolden);

  const auto logprobs_T = response_logprobs(*model);
  golden_loss(logprobs_T).backward();

  EXPECT_LT(max_difference(logprobs_T.detach(), golden("scores")), 1e-9);
  EXPECT_FALSE(model->trainable().empty());
  for (const auto& [name, tensor] : model->trainable())
    EXPECT_LT(relative_difference(tensor.grad(), golden("gradient." + name)), 1e-6) << name;
}

TEST_P(Family, GradientsOfEveryWeightAgree) {
  const auto model = load_whole(at::kDouble);

  golden_loss(response_logprobs(*model)).backward();

  EXPECT_EQ(model->trainable().size(), family_tensors(GetParam()).size());
  expect_gradients(model->trainable(), family_gradients(GetParam()));
}

// Rounding of activations and of what is summed in bfloat16; leaves and their gradients are
// float32.
TEST_P(Family, GradientsOfEveryWeightInBfloatAreNear) {
  const auto model = load_whole(at::kBFloat16), exact = load_whole(at::kDouble);

  for (const auto* m : {model.get(), exact.get()}) response_logprobs(*m).sum().backward();

  const auto expected = exact->trainable();
  std::size_t i = 0;
  for (const auto& [name, leaf] : model->trainable()) {
    EXPECT_EQ(leaf.grad().scalar_type(), at::kFloat) << name;
    EXPECT_LT(relative_difference(leaf.grad(), expected[i++].second.grad()), 0.2) << name;
  }
}

TEST_P(Family, PackedRaggedSequencesGiveTheNumbersOfEach) {
  const auto model = load(at::kDouble, FamilyAdapter::kGolden);
  RaggedBatch packed;
  const int prompt = packed.add(kFamilyPrompts[0]);
  const int left = packed.add(kFamilyResponses[2], prompt);
  packed.add(kFamilyPrompts[1]);
  const int right = packed.add(kFamilyResponses[0], prompt);
  const int leaf = packed.add(kFamilyResponses[1], left);

  const auto states = model->hidden(packed, Adapter::kOn);

  const auto rows = [&](int segment) {
    const Segment& s = packed.segments[static_cast<std::size_t>(segment)];
    return model->logits(states.narrow(0, s.begin, s.size()), Adapter::kOn);
  };
  const auto chain = joined(kFamilyPrompts[0], kFamilyResponses[2]);
  const auto expect_tail = [&](const at::Tensor& found, const Tokens& whole) {
    const auto alone = logits_of(*model, whole);
    EXPECT_LT(max_difference(found, alone.narrow(0, alone.size(0) - found.size(0), found.size(0))),
              1e-11);
  };
  expect_tail(rows(left), chain);
  expect_tail(rows(2), kFamilyPrompts[1]);
  expect_tail(rows(right), joined(kFamilyPrompts[0], kFamilyResponses[0]));
  expect_tail(rows(leaf), joined(chain, kFamilyResponses[1]));
}

// Prompts of several lengths in one batch, two rows of the first.
TEST_P(Family, GreedyGenerationAgreesFor200Tokens) {
  const auto model = load(at::kDouble);
  const std::vector<GenerationRequest> requests{
      {kFamilyPrompts[0], 0}, {kFamilyPrompts[0], 1}, {kFamilyPrompts[1], 2}};

  const auto results = generate(*model, requests, {.max_new_tokens = 200, .temperature = 0}, {});

  const auto expected = golden("greedy").to(at::kLong);
  const auto* tokens = expected.const_data_ptr<std::int64_t>();
  EXPECT_EQ(results[0].tokens, Tokens(tokens, tokens + 200));
  EXPECT_EQ(results[1].tokens, results[0].tokens);
  EXPECT_EQ(results[2].tokens, Tokens(tokens + 200, tokens + 400));
}

// One pass over prompt and answer: what greedy generation without a cache computes.
TEST_P(Family, ThePassWithoutCachePredictsTheSameTokens) {
  const auto model = load(at::kDouble);
  for (std::size_t p = 0; p < kFamilyPrompts.size(); ++p) {
    const auto expected = golden("greedy")[static_cast<std::int64_t>(p)].to(at::kLong);
    const auto* tokens = expected.const_data_ptr<std::int64_t>();
    const auto prompt_size = static_cast<std::int64_t>(kFamilyPrompts[p].size());

    const auto logits = logits_of(*model, joined(kFamilyPrompts[p], Tokens(tokens, tokens + 199)));

    const auto predicted = logits.narrow(0, prompt_size - 1, 200).argmax(-1);
    EXPECT_TRUE(at::equal(predicted, expected)) << "prompt " << p;
  }
}

TEST_P(Family, SavesWhatTransformersExpects) {
  const auto model = load(at::kDouble, FamilyAdapter::kGolden);
  const TempDir temp;
  const char* exports = std::getenv("ALARM_EXPORT_FAMILIES");
  const auto dir =
      exports == nullptr ? temp / "saved" : std::filesystem::path(exports) / GetParam();

  model->save(dir);

  const auto file = TensorFile::open(dir);
  const auto expected = family_tensors(GetParam());
  EXPECT_EQ(file.names().size(), expected.size());
  for (const auto& [name, shape] : expected) {
    ASSERT_TRUE(file.contains(name)) << name;
    EXPECT_EQ(file.get(name).sizes().vec(), shape) << name;
  }
  const auto saved = load_family(dir, at::kDouble);
  const auto last = golden_logits(*saved).select(0, -1);
  EXPECT_LT(max_difference(last, golden("adapted")), 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Golden, Family,
                         ::testing::Values("llama", "llama_linear", "llama_3", "llama_dynamic",
                                           "mistral", "qwen2", "qwen3", "qwen3_whole", "gpt2",
                                           "gpt2_untied", "gpt_neox", "gpt_neox_sequential"),
                         [](const auto& suite) { return std::string(suite.param); });

}  // namespace
}  // namespace alarm_dist

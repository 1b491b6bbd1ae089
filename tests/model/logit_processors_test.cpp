// SPDX-License-Identifier: Apache-2.0
// Against transformers' processors, by tests/golden/make_sampling.py.
#include "model/logit_processors.hpp"

#include <algorithm>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

#include "model/sampling.hpp"
#include "model/tiny_llama.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using Tokens = std::vector<std::int64_t>;

const Tokens kEos = {2, 9};
const std::vector<Tokens> kPrompts = {{5, 17, 39, 3}, {30, 2, 11, 30}, {1, 1, 1, 1}};
const std::vector<Tokens> kGenerated = {{25, 8}, {6, 7}, {5, 17}};
const std::vector<Tokens> kBadWords = {{12}, {8, 20}, {6, 7, 33}, {1, 5, 17, 40}, {7, 6, 34}, {2}};

SequenceContext golden_context() {
  SequenceContext context{.rows = {}, .eos_tokens = kEos};
  for (std::size_t row = 0; row < kPrompts.size(); ++row)
    context.rows.push_back({kPrompts[row], kGenerated[row]});
  return context;
}

at::Tensor sampling_golden(const std::string& name) {
  return TensorFile::open(source_dir() / "tests/data/model/sampling.safetensors").get(name);
}

struct ProcessorCase {
  const char* name;
  SamplingConfig sampling;
};

class ProcessorTest : public ::testing::TestWithParam<ProcessorCase> {};

TEST_P(ProcessorTest, TheDistributionEqualsTransformers) {
  const auto expected = sampling_golden(GetParam().name).exp();

  const auto processed =
      process_logits(sampling_golden("logits"), GetParam().sampling, golden_context());
  const auto found = sampling_logprobs(processed, GetParam().sampling).exp();

  EXPECT_LT(max_difference(found, expected), 1e-12);
  EXPECT_TRUE(at::equal(found == 0, expected == 0));
}

INSTANTIATE_TEST_SUITE_P(
    Golden, ProcessorTest,
    ::testing::Values(ProcessorCase{"min_p", {.temperature = 0.8, .min_p = 0.05}},
                      ProcessorCase{"min_p_after_others",
                                    {.temperature = 1.5, .top_k = 30, .top_p = 0.9, .min_p = 0.2}},
                      ProcessorCase{"repetition", {.repetition_penalty = 1.3}},
                      ProcessorCase{"reward_of_repetition",
                                    {.temperature = 0.9, .repetition_penalty = 0.7}},
                      ProcessorCase{"bad_words", {.bad_words = kBadWords}},
                      ProcessorCase{"too_short", {.min_new_tokens = 3}},
                      ProcessorCase{"long_enough", {.min_new_tokens = 2}},
                      ProcessorCase{"all",
                                    {.temperature = 0.7,
                                     .top_k = 25,
                                     .top_p = 0.95,
                                     .min_p = 0.01,
                                     .repetition_penalty = 1.2,
                                     .min_new_tokens = 5,
                                     .bad_words = kBadWords}}),
    [](const auto& suite) { return std::string(suite.param.name); });

TEST(Processors, PolicyLogProbabilitiesKnowNothingOfThem) {
  const auto logits = sampling_golden("logits");
  const SamplingConfig sampling{.repetition_penalty = 1.3, .min_new_tokens = 3};
  const std::vector<double> uniforms{0.2, 0.5, 0.9};

  const auto sampled = sample_tokens(logits, sampling, {.uniforms = uniforms}, golden_context());

  const auto plain = at::log_softmax(logits, -1).gather(-1, sampled.tokens_B.unsqueeze(-1));
  EXPECT_LT(max_difference(sampled.policy_logprobs_B, plain.squeeze(-1)), 1e-12);
  EXPECT_GT(max_difference(sampled.sampled_logprobs_B, plain.squeeze(-1)), 1e-6);
}

TEST(Processors, AnAnswerHasItsMinimumLengthAndNoBadWords) {
  const auto model = load_tiny_llama(at::kDouble, Lora::kOff);
  std::vector<GenerationRequest> requests;
  for (std::uint32_t id = 0; id < 30; ++id) requests.push_back({kPrompt, id});
  SamplingConfig sampling{.max_new_tokens = 40, .temperature = 1.5};
  const auto free = generate(*model, requests, sampling, {.seed = 3});
  const auto& word = free[0].tokens;
  sampling.min_new_tokens = 30;
  sampling.bad_words = {{word[0]}, {word[1], word[2]}};

  const auto bound = generate(*model, requests, sampling, {.seed = 3});

  EXPECT_TRUE(std::ranges::any_of(free, [](const auto& g) { return g.tokens.size() < 30; }));
  for (const Generation& answer : bound) {
    EXPECT_GE(answer.tokens.size(), 30U);
    EXPECT_EQ(std::ranges::count(answer.tokens, word[0]), 0);
    EXPECT_TRUE(std::ranges::search(answer.tokens, sampling.bad_words[1]).empty());
  }
}

TEST(Processors, NamesABadWordOutsideTheVocabulary) {
  const SamplingConfig sampling{.bad_words = {{48}}};

  EXPECT_THROW(process_logits(sampling_golden("logits"), sampling, golden_context()), Error);
}

}  // namespace
}  // namespace alarm_dist

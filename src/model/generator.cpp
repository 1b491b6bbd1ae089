// SPDX-License-Identifier: Apache-2.0
#include "alarm/model/generator.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <ATen/Functions.h>
#include <c10/core/InferenceMode.h>

#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"

#include "model/sampling.hpp"

namespace alarm_dist {
namespace {

// What is generated at once: enough rows to keep the processor's matrix units busy, few enough
// tokens to keep the cache small.
constexpr std::int64_t kMaxRows = 128;
constexpr std::int64_t kMaxCachedTokens = 16384;

// Requests next to each other with one prompt: [begin, end).
struct PromptGroup {
  std::size_t begin = 0;
  std::size_t end = 0;
};
using Wave = std::vector<PromptGroup>;

std::int64_t prompt_size(std::span<const GenerationRequest> requests, const PromptGroup& group) {
  return static_cast<std::int64_t>(requests[group.begin].prompt.size());
}

std::vector<PromptGroup> group_by_prompt(std::span<const GenerationRequest> requests) {
  std::vector<PromptGroup> groups;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (groups.empty() || requests[i].prompt != requests[groups.back().begin].prompt)
      groups.push_back({i, i});
    groups.back().end = i + 1;
  }
  return groups;
}

// Longest prompts first: prompts of like length share a wave, so that little of its cache is
// padding.
std::vector<Wave> plan_waves(std::span<const GenerationRequest> requests,
                             std::int64_t max_new_tokens) {
  auto groups = group_by_prompt(requests);
  std::ranges::stable_sort(groups, [&](const PromptGroup& a, const PromptGroup& b) {
    return prompt_size(requests, a) > prompt_size(requests, b);
  });
  std::vector<Wave> waves;
  std::int64_t rows = 0, longest = 0;
  for (const PromptGroup& group : groups) {
    const auto added = static_cast<std::int64_t>(group.end - group.begin);
    const auto prompts = waves.empty() ? 0 : static_cast<std::int64_t>(waves.back().size());
    const auto tokens = (prompts + 1) * longest + (rows + added) * max_new_tokens;
    if (waves.empty() || rows + added > kMaxRows || tokens > kMaxCachedTokens) {
      waves.emplace_back();
      rows = 0;
      longest = prompt_size(requests, group);
    }
    waves.back().push_back(group);
    rows += added;
  }
  return waves;
}

void check_requests(const CausalLm& model, std::span<const GenerationRequest> requests,
                    const SamplingConfig& sampling) {
  ALARM_CHECK(sampling.max_new_tokens > 0, "max_new_tokens is {}, expected at least 1",
              sampling.max_new_tokens);
  ALARM_CHECK(sampling.temperature >= 0, "temperature is {}, expected 0 or more",
              sampling.temperature);
  ALARM_CHECK(sampling.top_p > 0 && sampling.top_p <= 1,
              "top_p is {}, expected above 0 and at most 1", sampling.top_p);
  ALARM_CHECK(sampling.min_p >= 0 && sampling.min_p <= 1, "min_p is {}, expected 0 to 1",
              sampling.min_p);
  ALARM_CHECK(sampling.repetition_penalty > 0, "repetition_penalty is {}, expected above 0",
              sampling.repetition_penalty);
  for (const GenerationRequest& request : requests) {
    const auto size = static_cast<std::int64_t>(request.prompt.size());
    ALARM_CHECK(size > 0, "sample {}: the prompt has no tokens", request.sample_id);
    ALARM_CHECK(size + sampling.max_new_tokens <= model.shape().context,
                "sample {}: a prompt of {} tokens and {} new ones exceed the model's context of {}",
                request.sample_id, size, sampling.max_new_tokens, model.shape().context);
    for (const auto token : request.prompt) {
      ALARM_CHECK(token >= 0 && token < model.shape().vocabulary,
                  "sample {}: token id {} is outside the vocabulary of {}", request.sample_id,
                  token, model.shape().vocabulary);
    }
  }
}

// One wave on its way: which request each live row is, and what was generated for it.
class WaveGeneration {
 public:
  WaveGeneration(const CausalLm& model, std::span<const GenerationRequest> requests,
                 const SamplingConfig& sampling, const DrawContext& draws)
      : model_(model), requests_(requests), sampling_(sampling), draws_(draws) {}

  void run(const Wave& wave, Adapter adapter, std::vector<Generation>& results) {
    const auto decoder = model_.start_decoding(plan(wave), adapter);
    for (std::int64_t token = 0; token < sampling_.max_new_tokens; ++token) {
      const auto next =
          sample_tokens(model_.logits(decoder->states_BD(), adapter), sampling_,
                        {.uniforms = uniforms(token), .greedy_B = greedy_rows()}, context(results));
      const auto kept = record(next, results);
      if (kept.empty() || token + 1 == sampling_.max_new_tokens) return;
      decoder->advance(drop_finished(*decoder, next.tokens_B, kept));
    }
  }

 private:
  DecodePlan plan(const Wave& wave) {
    DecodePlan plan{.prompts = {}, .prompt_of_row = {}, .max_new_tokens = sampling_.max_new_tokens};
    for (const PromptGroup& group : wave) {
      for (std::size_t i = group.begin; i < group.end; ++i) {
        live_.push_back(i);
        plan.prompt_of_row.push_back(static_cast<std::int64_t>(plan.prompts.size()));
      }
      plan.prompts.push_back(requests_[group.begin].prompt);
    }
    return plan;
  }

  std::vector<double> uniforms(std::int64_t token) const {
    std::vector<double> numbers;
    for (const auto request : live_) {
      numbers.push_back(draw_uniform({.seed = draws_.seed,
                                      .purpose = Purpose::kSampling,
                                      .step = draws_.step,
                                      .sample = requests_[request].sample_id,
                                      .token = static_cast<std::uint32_t>(token)}));
    }
    return numbers;
  }

  // Undefined where no row is: the common case costs nothing.
  at::Tensor greedy_rows() const {
    const auto is_greedy = [&](std::size_t request) { return requests_[request].greedy; };
    if (std::ranges::none_of(live_, is_greedy)) return {};
    at::Tensor rows_B = at::zeros({std::ssize(live_)}, at::kBool);
    std::ranges::transform(live_, rows_B.mutable_data_ptr<bool>(), is_greedy);
    return rows_B.to(model_.device());
  }

  SequenceContext context(const std::vector<Generation>& results) const {
    const auto& shape = model_.shape();
    SequenceContext context{.rows = {}, .eos_tokens = shape.eos_tokens};
    for (const auto request : live_) {
      const auto& before =
          shape.start_tokens.empty() ? requests_[request].prompt : shape.start_tokens;
      context.rows.push_back({before, results[request].tokens});
    }
    return context;
  }

  // Appends a token to each live row's result; returns the rows that go on.
  std::vector<std::int64_t> record(const SampledTokens& next,
                                   std::vector<Generation>& results) const {
    const auto tokens = next.tokens_B.cpu();
    const auto sampled = next.sampled_logprobs_B.to(at::kCPU, at::kFloat);
    const auto policy = next.policy_logprobs_B.to(at::kCPU, at::kFloat);
    const auto& eos = model_.shape().eos_tokens;
    std::vector<std::int64_t> kept;
    for (std::size_t row = 0; row < live_.size(); ++row) {
      Generation& result = results[live_[row]];
      const auto token = tokens.const_data_ptr<std::int64_t>()[row];
      const float drawn = sampled.const_data_ptr<float>()[row];
      const float whole = policy.const_data_ptr<float>()[row];
      check_finite(std::isfinite(drawn) ? whole : drawn, live_[row], result);
      result.tokens.push_back(token);
      if (const auto& tell = requests_[live_[row]].on_token) tell(token);
      result.sampled_logprobs.push_back(drawn);
      result.policy_logprobs.push_back(whole);
      if (std::ranges::find(eos, token) != eos.end()) {
        result.finish = FinishReason::kEndOfSequence;
      } else {
        kept.push_back(static_cast<std::int64_t>(row));
      }
    }
    return kept;
  }

  void check_finite(float logprob, std::size_t request, const Generation& before) const {
    if (std::isfinite(logprob)) return;
    throw NonFiniteGeneration(
        fmt::format("sample {}, token {} of the answer: the model gives the log-probability {}",
                    requests_[request].sample_id, before.tokens.size(), logprob),
        requests_[request], before);
  }

  // Returns the tokens of the rows that stay.
  at::Tensor drop_finished(Decoder& decoder, const at::Tensor& tokens_B,
                           const std::vector<std::int64_t>& kept) {
    if (kept.size() == live_.size()) return tokens_B;
    decoder.keep(kept);
    std::vector<std::size_t> live;
    for (const auto row : kept) live.push_back(live_[static_cast<std::size_t>(row)]);
    live_ = std::move(live);
    return tokens_B.index_select(
        0, at::tensor(kept, at::TensorOptions(at::kLong)).to(tokens_B.device()));
  }

  const CausalLm& model_;
  std::span<const GenerationRequest> requests_;
  const SamplingConfig& sampling_;
  const DrawContext& draws_;
  std::vector<std::size_t> live_;  // request of each live row
};

}  // namespace

std::string_view to_string(FinishReason reason) {
  return reason == FinishReason::kEndOfSequence ? "stop" : "length";
}

std::vector<Generation> generate(const CausalLm& model, std::span<const GenerationRequest> requests,
                                 const SamplingConfig& sampling, const DrawContext& draws,
                                 Adapter adapter) {
  const c10::InferenceMode no_gradients;
  check_requests(model, requests, sampling);
  std::vector<Generation> results(requests.size());
  for (const Wave& wave : plan_waves(requests, sampling.max_new_tokens)) {
    WaveGeneration(model, requests, sampling, draws).run(wave, adapter, results);
  }
  return results;
}

}  // namespace alarm_dist

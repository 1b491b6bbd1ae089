// SPDX-License-Identifier: Apache-2.0
#include "model/sampling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

namespace alarm_dist {
namespace {

constexpr double kCut = -std::numeric_limits<double>::infinity();

bool is_greedy(const SamplingConfig& sampling) { return sampling.temperature == 0.0; }
bool truncates(const SamplingConfig& sampling) {
  return sampling.top_k > 0 || sampling.top_p < 1.0 || sampling.min_p > 0 ||
         reads_context(sampling);
}

// A row that is not a number equals nothing, and has no cumulative distribution: its id would be
// one past the vocabulary. The last one stands for it, whose log-probability is not finite either.
at::Tensor within_vocabulary(const at::Tensor& tokens_B, const at::Tensor& logits_BV) {
  return tokens_B.clamp_max(logits_BV.size(1) - 1);
}

// Ties go to the lower id, which argmax does not promise.
at::Tensor greedy_tokens(const at::Tensor& logits_BV) {
  const auto best = std::get<0>(logits_BV.max(-1, /*keepdim=*/true));
  const auto ids = at::arange(logits_BV.size(1), logits_BV.options().dtype(at::kLong));
  return within_vocabulary(at::where(logits_BV == best, ids, logits_BV.size(1)).amin(-1),
                           logits_BV);
}

// Keeps what is not below the k-th largest, ties included.
at::Tensor keep_top_k(const at::Tensor& logits_BV, std::int64_t k) {
  if (k >= logits_BV.size(1)) return logits_BV;
  const auto kth = std::get<0>(logits_BV.topk(k, -1)).select(-1, k - 1).unsqueeze(-1);
  return logits_BV.masked_fill(logits_BV < kth, kCut);
}

// Cuts the tail whose probabilities add up to at most 1 - p; the most likely token stays.
at::Tensor keep_top_p(const at::Tensor& logits_BV, double p) {
  const auto [ascending, order] = logits_BV.sort(-1);
  auto cut = at::softmax(ascending, -1).cumsum(-1) <= 1.0 - p;
  cut.select(-1, cut.size(-1) - 1).fill_(false);
  return logits_BV.masked_fill(at::zeros_like(cut).scatter(-1, order, cut), kCut);
}

// Cuts what is less likely than p times the most likely.
at::Tensor keep_min_p(const at::Tensor& logits_BV, double p) {
  const auto best = std::get<0>(logits_BV.max(-1, /*keepdim=*/true));
  return logits_BV.masked_fill(at::exp(logits_BV - best) < p, kCut);
}

at::Tensor policy_logprobs(const at::Tensor& logits_BV, const SamplingConfig& sampling) {
  if (is_greedy(sampling) || sampling.temperature == 1.0) return at::log_softmax(logits_BV, -1);
  return at::log_softmax(logits_BV / sampling.temperature, -1);
}

// First token whose cumulative probability exceeds u times the total: never one of probability 0.
at::Tensor invert_distribution(const at::Tensor& logprobs_BV, std::span<const double> uniforms) {
  const auto cumulative = at::exp(logprobs_BV).cumsum(-1, at::kDouble);
  const auto total = cumulative.select(-1, -1).contiguous();
  const auto u = at::tensor(at::ArrayRef<double>(uniforms.data(), uniforms.size()),
                            at::TensorOptions(at::kDouble))
                     .to(total.device());
  const auto below = at::minimum(u * total, at::nextafter(total, at::zeros_like(total)));
  const auto found =
      at::searchsorted(cumulative, below.unsqueeze(-1), /*out_int32=*/false, /*right=*/true);
  return within_vocabulary(found.squeeze(-1), logprobs_BV);
}

at::Tensor pick(const at::Tensor& logprobs_BV, const at::Tensor& tokens_B) {
  return logprobs_BV.gather(-1, tokens_B.unsqueeze(-1)).squeeze(-1);
}

}  // namespace

at::Tensor sampling_logprobs(const at::Tensor& logits_BV, const SamplingConfig& sampling) {
  if (is_greedy(sampling)) {
    const auto all_cut = at::full_like(logits_BV, kCut);
    return all_cut.scatter(-1, greedy_tokens(logits_BV).unsqueeze(-1), 0.0);
  }
  at::Tensor kept = logits_BV / sampling.temperature;
  if (sampling.top_k > 0) kept = keep_top_k(kept, sampling.top_k);
  if (sampling.top_p < 1.0) kept = keep_top_p(kept, sampling.top_p);
  if (sampling.min_p > 0) kept = keep_min_p(kept, sampling.min_p);
  return at::log_softmax(kept, -1);
}

SampledTokens sample_tokens(const at::Tensor& logits_BV, const SamplingConfig& sampling,
                            const RowDraws& draws, const SequenceContext& context) {
  const auto policy = policy_logprobs(logits_BV, sampling);
  const auto processed = process_logits(logits_BV, sampling, context);
  if (is_greedy(sampling)) {
    const auto tokens = greedy_tokens(processed);
    return {tokens, at::zeros_like(tokens, policy.options()), pick(policy, tokens)};
  }
  const auto sampled = truncates(sampling) ? sampling_logprobs(processed, sampling) : policy;
  const auto drawn = invert_distribution(sampled, draws.uniforms);
  if (!draws.greedy_B.defined()) return {drawn, pick(sampled, drawn), pick(policy, drawn)};
  const auto tokens = at::where(draws.greedy_B, greedy_tokens(processed), drawn);
  return {tokens, pick(sampled, tokens).masked_fill(draws.greedy_B, 0.0), pick(policy, tokens)};
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/aggregate.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include <ATen/Functions.h>

#include "alarm/base/error.hpp"

#include "rl/ragged.hpp"

namespace alarm_dist {
namespace {

double denominator(Aggregation kind, const LossCounts& global, double length) {
  switch (kind) {
    case Aggregation::kTokenMean:
      return global.tokens;
    case Aggregation::kSequenceMeanTokenMean:
      return global.responses * length;
    case Aggregation::kSequenceMeanTokenSum:
      return global.responses;
    case Aggregation::kFixedLength:
      return global.responses * global.fixed_length;
  }
  return 0;
}

using Lengths = std::vector<double>;  // of the responses, in tokens that count

Lengths all_tokens(std::span<const std::int64_t> offsets) {
  rl::check_offsets(offsets, offsets.empty() ? 0 : offsets.back());
  Lengths lengths;
  for (std::size_t r = 0; r + 1 < offsets.size(); ++r)
    lengths.push_back(static_cast<double>(offsets[r + 1] - offsets[r]));
  return lengths;
}

Lengths kept_tokens(std::span<const std::int64_t> offsets, std::span<const double> kept) {
  rl::check_offsets(offsets, std::ssize(kept));
  Lengths lengths;
  for (std::size_t r = 0; r + 1 < offsets.size(); ++r)
    lengths.push_back(
        std::accumulate(kept.begin() + offsets[r], kept.begin() + offsets[r + 1], 0.0));
  return lengths;
}

LossCounts count(const Lengths& lengths) {
  LossCounts counts;
  for (const double length : lengths) {
    counts.tokens += length;
    counts.responses += length > 0 ? 1 : 0;
  }
  return counts;
}

std::vector<double> weigh(std::span<const std::int64_t> offsets, const Lengths& lengths,
                          Aggregation kind, const LossCounts& global) {
  const auto here = count(lengths);
  ALARM_CHECK(global.tokens >= here.tokens && global.responses >= here.responses,
              "global counts ({} tokens, {} responses) are smaller than those at hand ({}, {})",
              global.tokens, global.responses, here.tokens, here.responses);
  ALARM_CHECK(kind != Aggregation::kFixedLength || global.fixed_length > 0,
              "fixed length: expected a number of tokens > 0, got {}", global.fixed_length);
  std::vector<double> weights(static_cast<std::size_t>(offsets.back()));
  for (std::size_t r = 0; r < lengths.size(); ++r) {
    if (lengths[r] > 0) {
      std::fill(weights.begin() + offsets[r], weights.begin() + offsets[r + 1],
                1 / denominator(kind, global, lengths[r]));
    }
  }
  return weights;
}

}  // namespace

LossCounts count_losses(std::span<const std::int64_t> offsets) {
  return count(all_tokens(offsets));
}

LossCounts count_losses(std::span<const std::int64_t> offsets, const at::Tensor& kept_T) {
  return count(kept_tokens(offsets, rl::host_values(kept_T)));
}

at::Tensor aggregation_weights(std::span<const std::int64_t> offsets, Aggregation kind,
                               const LossCounts& global) {
  return rl::like(at::empty({0}, at::kDouble), weigh(offsets, all_tokens(offsets), kind, global));
}

at::Tensor aggregation_weights(std::span<const std::int64_t> offsets, Aggregation kind,
                               const LossCounts& global, const at::Tensor& kept_T) {
  const auto kept = rl::host_values(kept_T);
  auto weights = weigh(offsets, kept_tokens(offsets, kept), kind, global);
  for (std::size_t t = 0; t < weights.size(); ++t) weights[t] *= kept[t];
  return rl::like(at::empty({0}, at::kDouble), weights);
}

}  // namespace alarm_dist

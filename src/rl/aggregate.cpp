// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/aggregate.hpp"

#include <algorithm>
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

}  // namespace

LossCounts count_losses(std::span<const std::int64_t> offsets) {
  rl::check_offsets(offsets, offsets.empty() ? 0 : offsets.back());
  LossCounts counts{.tokens = static_cast<double>(offsets.back())};
  for (std::size_t r = 0; r + 1 < offsets.size(); ++r)
    counts.responses += offsets[r + 1] > offsets[r] ? 1 : 0;
  return counts;
}

at::Tensor aggregation_weights(std::span<const std::int64_t> offsets, Aggregation kind,
                               const LossCounts& global) {
  const auto here = count_losses(offsets);
  ALARM_CHECK(global.tokens >= here.tokens && global.responses >= here.responses,
              "global counts ({} tokens, {} responses) are smaller than those at hand ({}, {})",
              global.tokens, global.responses, here.tokens, here.responses);
  ALARM_CHECK(kind != Aggregation::kFixedLength || global.fixed_length > 0,
              "fixed length: expected a number of tokens > 0, got {}", global.fixed_length);
  std::vector<double> weights(static_cast<std::size_t>(offsets.back()));
  for (std::size_t r = 0; r + 1 < offsets.size(); ++r) {
    const auto length = static_cast<double>(offsets[r + 1] - offsets[r]);
    if (length > 0) {
      std::fill(weights.begin() + offsets[r], weights.begin() + offsets[r + 1],
                1 / denominator(kind, global, length));
    }
  }
  return rl::like(at::empty({0}, at::kDouble), weights);
}

}  // namespace alarm_dist

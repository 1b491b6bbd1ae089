// SPDX-License-Identifier: Apache-2.0
// A trace to one reward a token: ALaRM's hierarchical composition and its baselines
// (specs/alarm.md 1.2). Pure functions.
//
//   h   = (u - mean) / std         u: the holistic component's value; mean and std measured
//   a_t = sum over aspects in use that emit at t of  w_k * shape(normalised r_k,t)
//   holistic_only  R_t = w_h h [t = T]
//   aspect_only    R_t = a_t
//   weighted_sum   R_t = a_t + w_h h [t = T]
//   hierarchical   weighted_sum if h >= threshold, else holistic_only
// The threshold acts on the unweighted h, and the comparison is a strict <.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "alarm/reward/statistics.hpp"
#include "alarm/reward/trace.hpp"

namespace alarm_dist {

enum class Composition { kHierarchical, kWeightedSum, kHolisticOnly, kAspectOnly };
// hierarchical | weighted_sum | holistic_only | aspect_only
Composition parse_composition(std::string_view name);
enum class Shaping { kNone, kSigmoid };
Shaping parse_shaping(std::string_view name);  // none | sigmoid

struct AspectTerm {
  std::string component{};
  double weight = 1;
  Statistics normalization{};  // {0, 1}: raw
};

struct ComposerConfig {
  Composition kind = Composition::kHierarchical;
  std::string holistic = "holistic";  // component name
  Statistics holistic_normalization{};
  double holistic_weight = 5;
  double threshold = 0.6;
  Shaping shaping = Shaping::kSigmoid;
  std::vector<AspectTerm> aspects{};  // those in use
  // A response of at most so many tokens, the last an end of sequence, is too short: it gets
  // holistic_weight times this reward, on its last token.
  double too_short_reward = -10;
  std::int64_t too_short_tokens = 1;
};

// Name under which by_component holds the penalty of a response that is too short.
inline constexpr std::string_view kTooShortComponent = "too_short";

struct ComposedReward {
  std::vector<double> rewards;  // by response token
  // h, normalised, unweighted; 0 where the kind does not use it and the trace has none.
  double holistic = 0;
  bool passed = false;  // h >= threshold: the aspects count (hierarchical)
  bool too_short = false;
  // What each component of the config added, by token; sums to rewards. An aspect behind a closed
  // gate has zeros.
  std::map<std::string, std::vector<double>> by_component;

  double total() const;  // of the response
};

// tokens: length of the response, the end-of-sequence token included; ended: it ends with one.
// Throws Error when a component that the kind uses is missing from the trace or failed on this
// response, when the holistic one does not emit exactly one value, or when an emission lies outside
// of the response or is not finite. A response that is too short needs no component: it gets the
// penalty whatever the kind.
ComposedReward compose(const RewardTrace& trace, std::int64_t tokens, bool ended,
                       const ComposerConfig& config);

}  // namespace alarm_dist

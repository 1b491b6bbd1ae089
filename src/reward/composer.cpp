// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/composer.hpp"

#include <cmath>
#include <numeric>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

bool uses_holistic(Composition kind) { return kind != Composition::kAspectOnly; }
bool uses_aspects(Composition kind) { return kind != Composition::kHolisticOnly; }

double shape(double value, Shaping shaping) {
  return shaping == Shaping::kSigmoid ? 1 / (1 + std::exp(-value)) : value;
}

void check_emissions(const ComponentTrace& component, std::int64_t tokens) {
  for (const Emission& emission : component.emissions) {
    ALARM_CHECK(emission.token >= 0 && emission.token < tokens,
                "component '{}' emits on token {} of a response of {} tokens", component.name,
                emission.token, tokens);
    ALARM_CHECK(std::isfinite(emission.value),
                "component '{}' emits {} on token {}, expected a finite number", component.name,
                emission.value, emission.token);
  }
}

const ComponentTrace& used_component(const RewardTrace& trace, const std::string& name,
                                     std::int64_t tokens) {
  const ComponentTrace* component = trace.find(name);
  ALARM_CHECK(component != nullptr,
              "the composition uses component '{}', which the trace does not hold", name);
  ALARM_CHECK(component->failure.empty(), "component '{}' failed on this response: {}", name,
              component->failure);
  check_emissions(*component, tokens);
  return *component;
}

void check_statistics(const std::string& component, const Statistics& statistics) {
  ALARM_CHECK(std::isfinite(statistics.mean) && std::isfinite(statistics.deviation) &&
                  statistics.deviation > 0,
              "component '{}' is normalised with mean {} and deviation {}, expected finite ones "
              "and a deviation above 0",
              component, statistics.mean, statistics.deviation);
}

// h of the response; nothing when the kind can do without it and the trace cannot give it.
bool read_holistic(const RewardTrace& trace, std::int64_t tokens, const ComposerConfig& config,
                   double& holistic) {
  const ComponentTrace* component = trace.find(config.holistic);
  const bool given =
      component != nullptr && component->failure.empty() && component->emissions.size() == 1;
  if (!uses_holistic(config.kind) && !given) return false;

  check_statistics(config.holistic, config.holistic_normalization);
  const ComponentTrace& used = used_component(trace, config.holistic, tokens);
  ALARM_CHECK(used.emissions.size() == 1,
              "holistic component '{}' emits {} values, expected one a response", used.name,
              used.emissions.size());
  holistic = normalize(used.emissions.front().value, config.holistic_normalization);
  return true;
}

class Composing {
 public:
  Composing(std::int64_t tokens, const ComposerConfig& config) : config_(config) {
    result_.rewards.assign(static_cast<std::size_t>(tokens), 0);
  }

  void add(const std::string& component, std::int64_t token, double value) {
    const auto at = static_cast<std::size_t>(token);
    result_.rewards[at] += value;
    row(component)[at] += value;
  }

  void add_last(const std::string& component, double value) {
    add(component, static_cast<std::int64_t>(result_.rewards.size()) - 1, value);
  }

  // With a closed gate the component is still read, so that what is missing or broken shows
  // whatever h is.
  void add_aspect(const RewardTrace& trace, const AspectTerm& term, bool open) {
    check_statistics(term.component, term.normalization);
    const auto tokens = static_cast<std::int64_t>(result_.rewards.size());
    const ComponentTrace& component = used_component(trace, term.component, tokens);
    row(term.component);
    if (!open) return;
    for (const Emission& emission : component.emissions) {
      const double value = shape(normalize(emission.value, term.normalization), config_.shaping);
      add(term.component, emission.token, term.weight * value);
    }
  }

  ComposedReward& result() { return result_; }

 private:
  std::vector<double>& row(const std::string& component) {
    return result_.by_component.try_emplace(component, result_.rewards.size(), 0.0).first->second;
  }

  const ComposerConfig& config_;
  ComposedReward result_;
};

template <typename Kind>
Kind parse_name(std::string_view what, std::string_view name,
                std::initializer_list<std::pair<std::string_view, Kind>> names) {
  std::string known;
  for (const auto& [candidate, kind] : names) {
    if (candidate == name) return kind;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", candidate);
  }
  throw UsageError(fmt::format("unknown {} '{}', expected one of: {}", what, name, known));
}

}  // namespace

Composition parse_composition(std::string_view name) {
  return parse_name<Composition>("composition", name,
                                 {{"hierarchical", Composition::kHierarchical},
                                  {"weighted_sum", Composition::kWeightedSum},
                                  {"holistic_only", Composition::kHolisticOnly},
                                  {"aspect_only", Composition::kAspectOnly}});
}

Shaping parse_shaping(std::string_view name) {
  return parse_name<Shaping>("shaping", name,
                             {{"none", Shaping::kNone}, {"sigmoid", Shaping::kSigmoid}});
}

double ComposedReward::total() const {
  return std::accumulate(rewards.begin(), rewards.end(), 0.0);
}

ComposedReward compose(const RewardTrace& trace, std::int64_t tokens, bool ended,
                       const ComposerConfig& config) {
  ALARM_CHECK(tokens >= 1, "a response of {} tokens cannot carry a reward", tokens);
  Composing composing(tokens, config);
  ComposedReward& result = composing.result();

  if (ended && tokens <= config.too_short_tokens) {
    result.too_short = true;
    composing.add_last(std::string(kTooShortComponent),
                       config.holistic_weight * config.too_short_reward);
    return std::move(result);
  }
  const bool known = read_holistic(trace, tokens, config, result.holistic);
  result.passed = known && !(result.holistic < config.threshold);
  if (uses_aspects(config.kind)) {
    const bool open = config.kind != Composition::kHierarchical || result.passed;
    for (const AspectTerm& term : config.aspects) composing.add_aspect(trace, term, open);
  }
  if (uses_holistic(config.kind))
    composing.add_last(config.holistic, config.holistic_weight * result.holistic);
  return std::move(result);
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/panel.hpp"

#include <algorithm>
#include <set>

#include "alarm/base/clock.hpp"
#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

std::vector<ComponentTrace> checked_score(RewardSource& source,
                                          std::span<const ScoredResponse> responses) {
  std::vector<ComponentTrace> traces = source.score(responses);
  ALARM_CHECK(traces.size() == responses.size(), "source '{}' gave {} traces for {} responses",
              source.name(), traces.size(), responses.size());
  return traces;
}

}  // namespace

RewardPanel::RewardPanel(std::vector<std::unique_ptr<RewardSource>> sources)
    : sources_(std::move(sources)) {
  std::set<std::string> names;
  for (const auto& source : sources_) {
    ALARM_CHECK(names.insert(source->name()).second, "two reward sources emit component '{}'",
                source->name());
    timings_.push_back({.name = source->name()});
  }
}

std::vector<ComponentTrace> RewardPanel::score_with(
    RewardSource& source, std::span<const ScoredResponse> responses) const {
  try {
    auto traces = checked_score(source, responses);
    if (std::ranges::none_of(traces, &ComponentTrace::nonfinite)) return traces;
  } catch (const Error&) {
  }
  // Which response it was shows below. What is not a number reaches the others of a batch, since
  // attention's masks multiply it by 0.
  std::vector<ComponentTrace> traces;
  for (std::size_t r = 0; r < responses.size(); ++r) {
    try {
      traces.push_back(std::move(checked_score(source, responses.subspan(r, 1)).front()));
    } catch (const Error& error) {
      traces.push_back({.name = source.name(), .failure = error.what()});
    }
  }
  return traces;
}

std::vector<RewardTrace> RewardPanel::score(std::span<const ScoredResponse> responses) {
  std::vector<RewardTrace> traces(responses.size());
  for (std::size_t s = 0; s < sources_.size(); ++s) {
    const Stopwatch watch;
    std::vector<ComponentTrace> components = score_with(*sources_[s], responses);
    for (std::size_t r = 0; r < responses.size(); ++r) {
      timings_[s].failures += components[r].failure.empty() ? 0 : 1;
      traces[r].components.push_back(std::move(components[r]));
    }
    timings_[s].responses += static_cast<std::int64_t>(responses.size());
    timings_[s].seconds += watch.seconds();
  }
  return traces;
}

std::vector<std::string> RewardPanel::components() const {
  std::vector<std::string> names;
  for (const auto& source : sources_) names.push_back(source->name());
  return names;
}

void RewardPanel::reset_timings() {
  for (SourceTiming& timing : timings_) timing = {.name = timing.name};
}

std::vector<ScoreFailure> list_failures(std::span<const ScoredResponse> responses,
                                        std::span<const RewardTrace> traces) {
  ALARM_CHECK(responses.size() == traces.size(), "{} responses have {} traces", responses.size(),
              traces.size());
  std::vector<ScoreFailure> failures;
  for (std::size_t r = 0; r < responses.size(); ++r) {
    for (const ComponentTrace& component : traces[r].components) {
      if (component.failure.empty()) continue;
      failures.push_back({.component = component.name,
                          .sample_id = responses[r].sample_id,
                          .message = component.failure});
    }
  }
  return failures;
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// All reward sources of a run: responses in, one trace each out.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "alarm/reward/source.hpp"
#include "alarm/reward/trace.hpp"

namespace alarm_dist {

struct SourceTiming {
  std::string name{};
  double seconds = 0;
  std::int64_t responses = 0;
  std::int64_t failures = 0;
};

struct ScoreFailure {
  std::string component{};
  std::uint32_t sample_id = 0;
  std::string message{};
};

class RewardPanel {
 public:
  // Throws Error when two sources emit the same component.
  explicit RewardPanel(std::vector<std::unique_ptr<RewardSource>> sources);

  // One trace a response, components in the order of the sources. A source that throws Error on the
  // batch, or gives a number that is not finite, gets its responses one by one; what still fails is
  // a failure of that response, and no more than that.
  std::vector<RewardTrace> score(std::span<const ScoredResponse> responses);

  std::vector<std::string> components() const;
  // Since construction or reset.
  const std::vector<SourceTiming>& timings() const { return timings_; }
  void reset_timings();

 private:
  std::vector<ComponentTrace> score_with(RewardSource& source,
                                         std::span<const ScoredResponse> responses) const;

  std::vector<std::unique_ptr<RewardSource>> sources_;
  std::vector<SourceTiming> timings_;
};

// What failed, by response and component. A response with a failure is dropped and counted, never
// given a number.
std::vector<ScoreFailure> list_failures(std::span<const ScoredResponse> responses,
                                        std::span<const RewardTrace> traces);

}  // namespace alarm_dist

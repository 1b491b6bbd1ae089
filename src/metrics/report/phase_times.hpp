// SPDX-License-Identifier: Apache-2.0
// Seconds of each step by phase, cut so that the phases of a step add up and none is counted twice.
#pragma once

#include <string>
#include <vector>

#include "metrics/report/run_data.hpp"

namespace alarm_dist::report {

struct PhaseTimes {
  std::vector<std::string> names;
  std::vector<double> steps;
  std::vector<std::vector<double>> seconds;  // by step, then by phase

  std::vector<double> totals() const;  // by phase
};

// From the metrics "time/<phase>_s". A phase whose parts are measured too (rollout: generate,
// score, wait; learn: reference, update) is shown by its parts. Each part is that of the slowest
// rank, so they may exceed the whole: then they shrink to it.
PhaseTimes phase_times(const RunData& run);

}  // namespace alarm_dist::report

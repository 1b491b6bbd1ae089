// SPDX-License-Identifier: Apache-2.0
// A response with its tokens coloured by reward.
#pragma once

#include <string>
#include <vector>

#include "alarm/metrics/run_files.hpp"

namespace alarm_dist::report {

// What the colours can show: the total first, then components; each with the size that gets the
// full colour.
struct ColourChoice {
  std::string component;  // empty: the total
  double full = 1;
};

// The largest absolute value of the total and of each component over the samples, by name.
std::vector<ColourChoice> colour_choices(const std::vector<const SampleRecord*>& samples);

// Spans with the variables --c0, --c1... from -1 to 1, one a choice; the style sheet picks one of
// them as the colour.
std::string coloured_response(const SampleRecord& sample, const std::vector<ColourChoice>& choices);

}  // namespace alarm_dist::report

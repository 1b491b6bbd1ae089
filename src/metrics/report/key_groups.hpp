// SPDX-License-Identifier: Apache-2.0
// Which metrics each part of the page shows; what nobody claims is shown under "other", so that
// nothing is lost.
#pragma once

#include <string>
#include <vector>

#include "metrics/report/run_data.hpp"

namespace alarm_dist::report {

std::vector<std::string> reward_keys(
    const RunData& run);                    // total and holistic, the aspects, the gate
const std::vector<std::string>& kl_keys();  // share a figure
const std::vector<std::string>& drift_keys();
const std::vector<std::string>& optimisation_keys();
const std::vector<std::string>& cost_keys();
std::vector<std::string> other_keys(const RunData& run);

}  // namespace alarm_dist::report

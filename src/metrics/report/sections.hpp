// SPDX-License-Identifier: Apache-2.0
// The parts of the page, top to bottom. Each says what would be there when its data are missing.
#pragma once

#include <string>

#include "metrics/report/run_data.hpp"

namespace alarm_dist::report {

std::string run_name(const RunData& run);

std::string headline_section(const RunData& run);
std::string evaluation_section(
    const RunData& run);  // before and after: table, intervals, distributions
std::string rewards_section(const RunData& run);        // rewards over the steps
std::string samples_section(const RunData& run);        // side by side
std::string length_section(const RunData& run);         // reward against length
std::string drift_section(const RunData& run);          // KL and entropy
std::string optimisation_section(const RunData& run);   // losses, clipping, gradients
std::string time_section(const RunData& run);           // where the seconds went
std::string reward_models_section(const RunData& run);  // how far the judges can be trusted
std::string facts_section(const RunData& run);          // other metrics, versions, config

}  // namespace alarm_dist::report

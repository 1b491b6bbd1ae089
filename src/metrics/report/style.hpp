// SPDX-License-Identifier: Apache-2.0
// Style sheet of the report (light and dark, down to 320 pixels) and the one line of script for the
// theme button.
#pragma once

#include <string_view>

namespace alarm_dist::report {

extern const std::string_view kStyle;
extern const std::string_view kScript;

}  // namespace alarm_dist::report

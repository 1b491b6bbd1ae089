// SPDX-License-Identifier: Apache-2.0
// JSON from outside is measured before it is parsed: copying, printing and walking a parsed
// document recurse, and a file of a hundred thousand brackets would take the whole stack.
#pragma once

#include <string_view>

namespace alarm_dist {

inline constexpr int kDeepestJson = 200;  // containers within containers

// A scan without recursion of text that need not be JSON.
bool is_too_deep(std::string_view json);
// The same as an Error that starts with the name.
void check_json_depth(std::string_view json, std::string_view name);

}  // namespace alarm_dist

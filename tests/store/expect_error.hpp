// SPDX-License-Identifier: Apache-2.0
// What an action throws must say what is wrong.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace alarm_dist::testing {

// Fails the test unless the action throws an Error whose message contains each of the parts.
void expect_error(const std::function<void()>& action, const std::vector<std::string>& parts);

}  // namespace alarm_dist::testing

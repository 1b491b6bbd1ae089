// SPDX-License-Identifier: Apache-2.0
// Tests: value is name(arguments).
#pragma once

#include <string_view>

#include "text/jinja/operations.hpp"
#include "text/jinja/value.hpp"

namespace alarm_dist::jinja {

bool has_test(std::string_view name);
// Throws Failure for a name that is no test.
bool apply_test(Budget& budget, std::string_view name, const Value& input,
                const Arguments& arguments);

}  // namespace alarm_dist::jinja

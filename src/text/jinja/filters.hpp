// SPDX-License-Identifier: Apache-2.0
// Filters: value | name(arguments).
#pragma once

#include <string_view>

#include "text/jinja/operations.hpp"
#include "text/jinja/value.hpp"

namespace alarm_dist::jinja {

bool has_filter(std::string_view name);
// Throws Failure for a name that is no filter.
Value apply_filter(Budget& budget, std::string_view name, const Value& input,
                   const Arguments& arguments);

}  // namespace alarm_dist::jinja

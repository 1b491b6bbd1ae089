// SPDX-License-Identifier: Apache-2.0
// "%s" % value and "{}".format(value), the plain conversions of each.
#pragma once

#include "text/jinja/budget.hpp"
#include "text/jinja/value.hpp"

namespace alarm_dist::jinja {

// Conversions s, r, d, i, f, %, with -, 0, width and precision. `values`: one value, a tuple, or a
// mapping for %(name)s.
Value format_percent(Budget& budget, const Value& format, const Value& values);
// {}, {0}, {name}, {{, }}. Throws Failure for conversions and format specifications.
Value format_braces(Budget& budget, const Value& format, const Arguments& arguments);

}  // namespace alarm_dist::jinja

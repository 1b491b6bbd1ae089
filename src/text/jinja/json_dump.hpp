// SPDX-License-Identifier: Apache-2.0
// |tojson as transformers defines it: Python's json.dumps, without HTML's escapes.
#pragma once

#include "text/jinja/budget.hpp"
#include "text/jinja/value.hpp"

namespace alarm_dist::jinja {

// Parameters ensure_ascii, indent, separators, sort_keys.
Value to_json(Budget& budget, const Value& value, const Arguments& arguments);

}  // namespace alarm_dist::jinja

// SPDX-License-Identifier: Apache-2.0
// The filters of each kind; filters.cpp looks a name up in all of them.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "text/jinja/budget.hpp"
#include "text/jinja/value.hpp"

namespace alarm_dist::jinja {

using Filter = Value (*)(Budget&, const Value& input, const Arguments&);
using FilterTable = std::map<std::string, Filter, std::less<>>;

const FilterTable& text_filters();
const FilterTable& list_filters();
const FilterTable& selecting_filters();  // those that take the name of a filter or a test
const FilterTable& value_filters();

// What `attribute=` names: "a.b.0"; an integer; nothing (the value itself).
Value follow_path(Budget& budget, const Value& value, const Value* path);

}  // namespace alarm_dist::jinja

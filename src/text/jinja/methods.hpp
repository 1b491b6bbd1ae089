// SPDX-License-Identifier: Apache-2.0
// Methods of strings, mappings and lists.
#pragma once

#include <optional>
#include <string>

#include "text/jinja/budget.hpp"
#include "text/jinja/value.hpp"

namespace alarm_dist::jinja {

// The method as a function of its arguments, if Python's type has one of that name; one that is not
// supported, or that would change the object, throws Failure when it is called.
std::optional<Value> find_method(Budget& budget, const Value& object, const std::string& name);

// str's methods (string_methods.cpp). Null when there is none of that name.
using TextMethod = Value (*)(Budget&, const Value& self, const Arguments&);
TextMethod find_text_method(const std::string& name);

}  // namespace alarm_dist::jinja

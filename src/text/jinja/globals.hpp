// SPDX-License-Identifier: Apache-2.0
// Functions that every template can call.
#pragma once

#include <ctime>
#include <functional>
#include <map>
#include <string>

#include "text/jinja/budget.hpp"
#include "text/jinja/value.hpp"

namespace alarm_dist::jinja {

// raise_exception's text, thrown through the template.
class Refusal : public Failure {
 public:
  using Failure::Failure;
};

// range, dict, raise_exception, strftime_now (of `now`, local time) and namespace.
std::map<std::string, Value, std::less<>> make_globals(
    Budget& budget, std::time_t now, std::function<Value(const Arguments&)> make_namespace);

// dict(mapping or pairs, name=value...).
Dict dict_of(Budget& budget, const Arguments& arguments);

}  // namespace alarm_dist::jinja

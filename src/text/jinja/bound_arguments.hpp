// SPDX-License-Identifier: Apache-2.0
// The arguments of a filter, test, method or function, by parameter.
#pragma once

#include <initializer_list>
#include <string_view>

#include "text/jinja/failure.hpp"
#include "text/jinja/operations.hpp"
#include "text/jinja/value.hpp"

namespace alarm_dist::jinja {

class BoundArguments {
 public:
  // Throws Failure for too many arguments, an unknown name, a name given twice.
  BoundArguments(std::string_view callee, const Arguments& arguments,
                 std::initializer_list<std::string_view> names)
      : callee_(callee), names_(names), values_(names.size(), nullptr) {
    if (arguments.positional.size() > names_.size()) {
      fail("{}: {} arguments, at most {} expected", callee_, arguments.positional.size(),
           names_.size());
    }
    for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
      values_[i] = &arguments.positional[i];
    }
    for (const auto& [name, value] : arguments.keywords) place_of(name) = &value;
  }

  const Value* find(std::size_t i) const { return values_[i]; }  // null: not given
  const Value& at(std::size_t i) const {
    if (values_[i] == nullptr) fail("{}: the argument '{}' is missing", callee_, names_[i]);
    return *values_[i];
  }
  // None counts as not given.
  const Value* some(std::size_t i) const {
    return values_[i] == nullptr || values_[i]->is<None>() ? nullptr : values_[i];
  }
  std::int64_t integer(std::size_t i, std::int64_t fallback) const {
    return values_[i] == nullptr ? fallback : want_integer(*values_[i], names_[i]);
  }
  bool flag(std::size_t i, bool fallback) const {
    return values_[i] == nullptr ? fallback : truth(*values_[i]);
  }
  const std::string& text(std::size_t i) const { return want_text(at(i), names_[i]); }

 private:
  const Value*& place_of(std::string_view name) {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] != name) continue;
      if (values_[i] != nullptr) fail("{}: two values for the argument '{}'", callee_, name);
      return values_[i];
    }
    fail("{}: unexpected argument '{}'", callee_, name);
  }

  std::string_view callee_;
  std::vector<std::string_view> names_;
  std::vector<const Value*> values_;
};

}  // namespace alarm_dist::jinja

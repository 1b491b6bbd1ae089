// SPDX-License-Identifier: Apache-2.0
// Python's operators and protocols on values. All throw Failure with what Python would complain of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "text/jinja/budget.hpp"
#include "text/jinja/value.hpp"

namespace alarm_dist::jinja {

bool truth(const Value& value);
std::string to_text(Budget& budget, const Value& value);  // str()
std::string to_repr(Budget& budget, const Value& value);  // repr()

// Before a callee reads the texts that it is given, each as a whole.
void charge_texts(Budget& budget, const Arguments& arguments);

bool equal(Budget& budget, const Value& left, const Value& right);
bool less(Budget& budget, const Value& left, const Value& right);
bool contains(Budget& budget, const Value& container, const Value& part);  // part in container
// op: == != < <= > >= in "not in"
bool compare(Budget& budget, std::string_view op, const Value& left, const Value& right);

// op: + - * / // % **
Value binary(Budget& budget, std::string_view op, const Value& left, const Value& right);
Value negative(const Value& value);
Value positive(const Value& value);

// What a for walks over; an iterator is used up by it.
Values iterate(Budget& budget, const Value& value);
std::size_t length(const Value& value);  // len()

// value.name and value[index]: a missing one is undefined, not an error.
Value attribute(Budget& budget, const Value& object, const std::string& name);
Value item(Budget& budget, const Value& object, const Value& index);
// Null for an index left out.
Value slice(Budget& budget, const Value& object, const Value* begin, const Value* end,
            const Value* step);

// Throws Failure unless the value is one.
std::int64_t want_integer(const Value& value, std::string_view what);
const std::string& want_text(const Value& value, std::string_view what);
[[noreturn]] void refuse_undefined(const Value& value);

}  // namespace alarm_dist::jinja

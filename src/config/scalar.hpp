// SPDX-License-Identifier: Apache-2.0
// Scalars of the YAML 1.2 core schema: no 1_000, no yes and no, no sexagesimal numbers, nothing
// after the number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "alarm/config/fields.hpp"

namespace alarm_dist::config {

std::optional<bool> parse_bool(std::string_view text);

enum class NumberFault { kNotANumber, kTooLarge };

template <typename T>
struct Number {
  T value{};
  std::optional<NumberFault> fault;
};
Number<std::int64_t> parse_integer(std::string_view text);  // decimal, 0x or 0o
Number<double> parse_number(std::string_view text);  // an integer or a decimal fraction, .inf, .nan

// The shortest text that reads back to the same bits, as YAML 1.1 and 1.2 readers understand it.
std::string format_number(double value);
// Plain where no reader could take it for anything but text, else in double quotes.
std::string format_text(std::string_view text);

bool contains(const Range& range, double value);
// "> 0", "in [0, 1)", or nothing.
std::string format_range(const Range& range);

}  // namespace alarm_dist::config

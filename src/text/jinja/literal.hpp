// SPDX-License-Identifier: Apache-2.0
// Python's literals: numbers and the escapes of strings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace alarm_dist::jinja {

struct NumberLiteral {
  bool is_float = false;
  std::int64_t integer = 0;
  double number = 0;
  std::size_t size = 0;  // bytes of the literal
};

// The text begins with a digit. Nothing: it does not fit 64 bits. may_be_float: false after a dot.
std::optional<NumberLiteral> read_number_literal(std::string_view text, bool may_be_float);

// Nothing: an escape that is none, or that stands for no character.
std::optional<std::string> unescape(std::string_view text);

// int(text, base) and float(text), with white space around and underscores between digits.
std::optional<std::int64_t> parse_integer(std::string_view text, int base);
std::optional<double> parse_float(std::string_view text);

}  // namespace alarm_dist::jinja

// SPDX-License-Identifier: Apache-2.0
#include "config/scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include <fmt/format.h>

namespace alarm_dist::config {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes the digits off the front and says how many there were.
std::size_t skip_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto count = static_cast<std::size_t>(end - text.begin());
  text.remove_prefix(count);
  return count;
}

bool skip_any(std::string_view& text, std::string_view characters) {
  if (text.empty() || characters.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_decimal(std::string_view text) {
  skip_any(text, "+-");
  const auto whole = skip_digits(text);
  const auto fraction = skip_any(text, ".") ? skip_digits(text) : 0;
  if (whole + fraction == 0) return false;
  if (skip_any(text, "eE")) {
    skip_any(text, "+-");
    if (skip_digits(text) == 0) return false;
  }
  return text.empty();
}

std::optional<double> parse_special(std::string_view text) {
  if (text == ".nan" || text == ".NaN" || text == ".NAN")
    return std::numeric_limits<double>::quiet_NaN();
  const bool negative = text.starts_with('-');
  skip_any(text, "+-");
  if (text == ".inf" || text == ".Inf" || text == ".INF") return negative ? -kInfinity : kInfinity;
  return std::nullopt;
}

template <typename T, typename... Base>
Number<T> from_chars(std::string_view text, Base... base) {
  Number<T> number;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number.value, base...);
  if (result.ec == std::errc::result_out_of_range) {
    number.fault = NumberFault::kTooLarge;
  } else if (result.ec != std::errc{} || result.ptr != end) {
    number.fault = NumberFault::kNotANumber;
  }
  return number;
}

// Words that some YAML reader takes for something else than text.
bool is_reserved_word(std::string_view text) {
  static constexpr std::array<std::string_view, 10> kWords = {"true", "false", "null", "yes", "no",
                                                              "on",   "off",   "y",    "n",   "~"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

bool is_plain_text(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_plain = [&](char c) {
    return is_letter(c) || is_digit(c) ||
           std::string_view("_-./+@").find(c) != std::string_view::npos;
  };
  if (text.empty() || !(is_letter(text.front()) || text.front() == '/' || text.front() == '_'))
    return false;
  return std::all_of(text.begin(), text.end(), is_plain) && !is_reserved_word(text);
}

std::string format_limit(double limit) {
  const bool whole = limit == std::floor(limit) && std::abs(limit) < 1e15;
  return whole ? fmt::format("{:.0f}", limit) : fmt::format("{}", limit);
}

}  // namespace

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

Number<std::int64_t> parse_integer(std::string_view text) {
  if (text.starts_with("0x") && text.substr(2, 1) != "-")
    return from_chars<std::int64_t>(text.substr(2), 16);
  if (text.starts_with("0o") && text.substr(2, 1) != "-")
    return from_chars<std::int64_t>(text.substr(2), 8);
  if (text.starts_with('+') && text.substr(1, 1) != "-") text.remove_prefix(1);
  return from_chars<std::int64_t>(text, 10);
}

Number<double> parse_number(std::string_view text) {
  if (const auto special = parse_special(text)) return {*special, std::nullopt};
  if (text.starts_with("0x") || text.starts_with("0o")) {
    const auto integer = parse_integer(text);
    return {static_cast<double>(integer.value), integer.fault};
  }
  if (!is_decimal(text)) return {0, NumberFault::kNotANumber};
  if (text.front() == '+') text.remove_prefix(1);
  return from_chars<double>(text);
}

std::string format_number(double value) {
  if (std::isnan(value)) return ".nan";
  if (std::isinf(value)) return value > 0 ? ".inf" : "-.inf";
  std::string text = fmt::format("{}", value);
  const auto exponent = text.find('e');
  // YAML 1.1 readers take 1e-05 for text.
  if (exponent != std::string::npos && text.find('.') == std::string::npos)
    text.insert(exponent, ".0");
  return text;
}

std::string format_text(std::string_view text) {
  if (is_plain_text(text)) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\t') {
      quoted += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

bool contains(const Range& range, double value) {
  if (std::isnan(value) || (std::isinf(value) && !range.infinite)) return false;
  const bool above = range.low_open ? value > range.low : value >= range.low;
  const bool below = range.high_open ? value < range.high : value <= range.high;
  return above && below;
}

std::string format_range(const Range& range) {
  const auto low = format_limit(range.low);
  const auto high = format_limit(range.high);
  const bool has_low = range.low > -kInfinity;
  const bool has_high = range.high < kInfinity;
  if (has_low && has_high) {
    return fmt::format("in {}{}, {}{}", range.low_open ? '(' : '[', low, high,
                       range.high_open ? ')' : ']');
  }
  if (has_low) return fmt::format("{} {}", range.low_open ? ">" : ">=", low);
  if (has_high) return fmt::format("{} {}", range.high_open ? "<" : "<=", high);
  return {};
}

}  // namespace alarm_dist::config

// SPDX-License-Identifier: Apache-2.0
// Filters on single values and numbers.
#include <cfenv>
#include <cmath>

#include "text/jinja/bound_arguments.hpp"
#include "text/jinja/filter_tables.hpp"
#include "text/jinja/json_dump.hpp"
#include "text/jinja/literal.hpp"
#include "text/jinja/methods.hpp"

namespace alarm_dist::jinja {
namespace {

Value default_filter(Budget&, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("default", arguments, {"default_value", "boolean"});
  const bool missing = input.is<Undefined>() || (bound.flag(1, false) && !truth(input));
  if (!missing) return input;
  return bound.find(0) == nullptr ? Value::text("") : *bound.find(0);
}

Value length_filter(Budget&, const Value& input, const Arguments& arguments) {
  const BoundArguments none("length", arguments, {});
  return Value(static_cast<std::int64_t>(length(input)));
}

Value absolute(Budget&, const Value& input, const Arguments& arguments) {
  const BoundArguments none("abs", arguments, {});
  if (input.is<double>()) return Value(std::abs(input.number()));
  return want_integer(input, "what abs takes") < 0 ? negative(input) : positive(input);
}

// As int(float): nothing for what is no number or does not fit.
std::optional<std::int64_t> whole_part(double number) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  if (!(number > -kLimit && number < kLimit)) return {};
  return static_cast<std::int64_t>(number);
}

Value int_filter(Budget&, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("int", arguments, {"default", "base"});
  const Value fallback = bound.find(0) == nullptr ? Value(std::int64_t{0}) : *bound.find(0);
  if (input.is<Undefined>()) refuse_undefined(input);
  if (input.is_integer()) return Value(input.integer());
  std::optional<std::int64_t> number;
  if (input.is<double>()) number = whole_part(input.number());
  if (const auto* text = input.text()) {
    const auto base = bound.integer(1, 10);
    if (base < 2 || base > 36) fail("int: base {}", base);
    number = parse_integer(*text, static_cast<int>(base));
    if (!number) {
      if (const auto real = parse_float(*text)) number = whole_part(*real);
    }
  }
  return number ? Value(*number) : fallback;
}

Value float_filter(Budget&, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("float", arguments, {"default"});
  const Value fallback = bound.find(0) == nullptr ? Value(0.0) : *bound.find(0);
  if (input.is<Undefined>()) refuse_undefined(input);
  if (input.is_number()) return Value(input.number());
  const auto number = input.text() == nullptr ? std::nullopt : parse_float(*input.text());
  return number ? Value(*number) : fallback;
}

// Python's round() works on the decimal digits that printing would give.
double round_to(double number, std::int64_t precision) {
  if (!std::isfinite(number)) return number;
  if (precision >= 0) {
    const std::string text = fmt::format("{:.{}f}", number, static_cast<int>(precision));
    return std::stod(text);
  }
  const double scale = std::pow(10.0, static_cast<double>(-precision));
  return std::nearbyint(number / scale) * scale;
}

Value round_filter(Budget&, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("round", arguments, {"precision", "method"});
  const auto precision = bound.integer(0, 0);
  const std::string method = bound.find(1) == nullptr ? "common" : bound.text(1);
  constexpr std::int64_t kMaxPrecision = 300;
  if (std::abs(static_cast<double>(precision)) > kMaxPrecision)
    fail("round: precision {}", precision);
  if (input.is<Undefined>()) refuse_undefined(input);
  if (!input.is_number()) fail("round: a number is required, not {}", input.type_name());
  if (method == "common") {
    if (input.is_integer()) {
      if (precision < 0) fail("round of an integer to a negative precision is not supported");
      return Value(input.integer());
    }
    return Value(round_to(input.number(), precision));
  }
  if (method != "ceil" && method != "floor") fail("round: method must be common, ceil or floor");
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = input.number() * scale;
  return Value((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
}

Value attr(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("attr", arguments, {"name"});
  // Attributes only, no elements: of plain values those are the methods.
  const auto& name = bound.text(0);
  if (input.dict() != nullptr && !find_method(budget, input, name)) {
    return Value::undefined(fmt::format("'dict object' has no attribute '{}'", name));
  }
  return attribute(budget, input, name);
}

}  // namespace

const FilterTable& value_filters() {
  static const FilterTable kFilters = {
      {"default", default_filter}, {"d", default_filter},   {"length", length_filter},
      {"count", length_filter},    {"abs", absolute},       {"int", int_filter},
      {"float", float_filter},     {"round", round_filter}, {"attr", attr},
      {"tojson", to_json},
  };
  return kFilters;
}

}  // namespace alarm_dist::jinja

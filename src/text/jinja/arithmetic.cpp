// SPDX-License-Identifier: Apache-2.0
// + - * / // % ** as Python has them.
#include <cmath>
#include <limits>

#include "text/jinja/operations.hpp"
#include "text/jinja/python_text.hpp"
#include "text/jinja/text_format.hpp"

namespace alarm_dist::jinja {
namespace {

[[noreturn]] void refuse(std::string_view op, const Value& left, const Value& right) {
  if (left.is<Undefined>()) refuse_undefined(left);
  if (right.is<Undefined>()) refuse_undefined(right);
  fail("unsupported operand types for {}: '{}' and '{}'", op, left.type_name(), right.type_name());
}

[[noreturn]] void overflow() { fail("an integer that does not fit 64 bits"); }

std::int64_t floor_divide(std::int64_t left, std::int64_t right) {
  if (right == -1) {
    std::int64_t result = 0;
    if (__builtin_sub_overflow(std::int64_t{0}, left, &result)) overflow();
    return result;
  }
  const std::int64_t quotient = left / right;
  const bool rounds_up = left % right != 0 && (left < 0) != (right < 0);
  return rounds_up ? quotient - 1 : quotient;
}

std::int64_t floor_modulo(std::int64_t left, std::int64_t right) {
  if (right == -1) return 0;
  const std::int64_t rest = left % right;
  return rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest;
}

double floor_modulo(double left, double right) {
  double rest = std::fmod(left, right);
  if (rest != 0 && (rest < 0) != (right < 0)) rest += right;
  return rest == 0 ? std::copysign(0.0, right) : rest;
}

Value integer_power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0)
    return Value(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  std::int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) overflow();
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) overflow();
  }
  return Value(result);
}

Value of_integers(std::string_view op, std::int64_t left, std::int64_t right) {
  std::int64_t result = 0;
  if (op == "+" && !__builtin_add_overflow(left, right, &result)) return Value(result);
  if (op == "-" && !__builtin_sub_overflow(left, right, &result)) return Value(result);
  if (op == "*" && !__builtin_mul_overflow(left, right, &result)) return Value(result);
  if (op == "+" || op == "-" || op == "*") overflow();
  if (op == "**") return integer_power(left, right);
  if (right == 0) fail("division by zero");
  if (op == "/") return Value(static_cast<double>(left) / static_cast<double>(right));
  return Value(op == "//" ? floor_divide(left, right) : floor_modulo(left, right));
}

Value of_numbers(std::string_view op, double left, double right) {
  if (op == "+") return Value(left + right);
  if (op == "-") return Value(left - right);
  if (op == "*") return Value(left * right);
  if (op == "**") {
    const double power = std::pow(left, right);
    if (std::isnan(power) && !std::isnan(left) && !std::isnan(right)) fail("a complex number");
    return Value(power);
  }
  if (right == 0) fail("division by zero");
  if (op == "/") return Value(left / right);
  if (op == "%") return Value(floor_modulo(left, right));
  return Value(std::floor((left - floor_modulo(left, right)) / right + 0.25));
}

Value add_texts(Budget& budget, const Value& left, const Value& right) {
  const auto& a = left.as<Text>();
  const auto& b = right.as<Text>();
  const bool safe = a.safe || b.safe;
  std::string text = safe && !a.safe ? escape_html(*a.bytes) : *a.bytes;
  const std::string end = safe && !b.safe ? escape_html(*b.bytes) : *b.bytes;
  budget.text(text.size() + end.size());
  return Value::text(text += end, safe);
}

Value add_lists(Budget& budget, const List& left, const List& right) {
  budget.work(left.items.size() + right.items.size());
  Values items = left.items;
  items.insert(items.end(), right.items.begin(), right.items.end());
  return make_list(std::move(items), left.kind);
}

Value repeat(Budget& budget, const Value& value, std::int64_t times) {
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(times, 0));
  if (const auto* text = value.text()) {
    budget.texts(count, text->size());
    std::string out;
    for (std::size_t i = 0; i < count && !text->empty(); ++i) out += *text;
    return Value::text(std::move(out), value.as<Text>().safe);
  }
  const List& list = *value.list();
  budget.texts(count, list.items.size() * sizeof(Value));
  Values items;
  for (std::size_t i = 0; i < count && !list.items.empty(); ++i) {
    items.insert(items.end(), list.items.begin(), list.items.end());
  }
  return make_list(std::move(items), list.kind);
}

bool can_repeat(const Value& value) {
  const List* list = value.list();
  return value.text() != nullptr ||
         (list != nullptr && (list->kind == ListKind::kList || list->kind == ListKind::kTuple));
}

bool can_add(const List* left, const List* right) {
  return left != nullptr && right != nullptr && left->kind == right->kind &&
         (left->kind == ListKind::kList || left->kind == ListKind::kTuple);
}

}  // namespace

Value binary(Budget& budget, std::string_view op, const Value& left, const Value& right) {
  if (left.is_integer() && right.is_integer()) {
    return of_integers(op, left.integer(), right.integer());
  }
  if (left.is_number() && right.is_number()) return of_numbers(op, left.number(), right.number());
  if (op == "+") {
    if (left.text() != nullptr && right.text() != nullptr) return add_texts(budget, left, right);
    if (can_add(left.list(), right.list())) return add_lists(budget, *left.list(), *right.list());
  }
  if (op == "*" && right.is_integer() && can_repeat(left)) {
    return repeat(budget, left, right.integer());
  }
  if (op == "*" && left.is_integer() && can_repeat(right)) {
    return repeat(budget, right, left.integer());
  }
  if (op == "%" && left.text() != nullptr) return format_percent(budget, left, right);
  refuse(op, left, right);
}

Value negative(const Value& value) {
  if (value.is<double>()) return Value(-value.number());
  if (value.is<Undefined>()) refuse_undefined(value);
  if (!value.is_integer()) fail("bad operand type for unary -: '{}'", value.type_name());
  return of_integers("-", 0, value.integer());
}

Value positive(const Value& value) {
  if (value.is<double>()) return value;
  if (value.is<Undefined>()) refuse_undefined(value);
  if (!value.is_integer()) fail("bad operand type for unary +: '{}'", value.type_name());
  return Value(value.integer());
}

}  // namespace alarm_dist::jinja

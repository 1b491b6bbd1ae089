// SPDX-License-Identifier: Apache-2.0
// str() and repr() of values.
#include "text/jinja/operations.hpp"
#include "text/jinja/python_text.hpp"

namespace alarm_dist::jinja {
namespace {

// Every level of nesting copies what the levels in it made.
void append(Budget& budget, std::string& out, const std::string& part) {
  budget.text(part.size());
  budget.size(out.size());
  out += part;
}

std::string list_repr(Budget& budget, const List& list) {
  std::string inner;
  for (const Value& item : list.items) {
    if (!inner.empty()) inner += ", ";
    append(budget, inner, to_repr(budget, item));
  }
  switch (list.kind) {
    case ListKind::kList:
      return "[" + inner + "]";
    case ListKind::kTuple:
      return "(" + inner + (list.items.size() == 1 ? ",)" : ")");
    case ListKind::kKeys:
      return "dict_keys([" + inner + "])";
    case ListKind::kValues:
      return "dict_values([" + inner + "])";
    case ListKind::kItems:
      return "dict_items([" + inner + "])";
    case ListKind::kRange:
    case ListKind::kIterator:
      break;
  }
  fail("printing a {} is not supported", list.kind == ListKind::kRange ? "range" : "generator");
}

std::string dict_repr(Budget& budget, const Dict& dict) {
  std::string inner;
  for (const auto& [key, value] : dict.items()) {
    if (!inner.empty()) inner += ", ";
    append(budget, inner, to_repr(budget, key) + ": ");
    append(budget, inner, to_repr(budget, value));
  }
  return "{" + inner + "}";
}

std::string integer_text(const Value& value) {
  if (value.is<bool>()) return value.as<bool>() ? "True" : "False";
  return std::to_string(value.integer());
}

}  // namespace

std::string to_text(Budget& budget, const Value& value) {
  if (const auto* text = value.text()) {
    budget.text(text->size());
    return *text;
  }
  if (value.is<Undefined>()) return {};
  return to_repr(budget, value);
}

std::string to_repr(Budget& budget, const Value& value) {
  const Budget::Level level(budget);
  budget.work(1);
  if (value.is<Undefined>()) return "Undefined";
  if (value.is<None>()) return "None";
  if (value.is_integer()) return integer_text(value);
  if (value.is<double>()) return float_text(value.number());
  if (const auto* text = value.text()) {
    budget.text(text->size());
    return value.as<Text>().safe ? "Markup(" + quoted(*text) + ")" : quoted(*text);
  }
  if (const List* list = value.list()) return list_repr(budget, *list);
  if (const Dict* dict = value.dict()) return dict_repr(budget, *dict);
  if (value.is<std::shared_ptr<Namespace>>()) {
    const auto& names = value.as<std::shared_ptr<Namespace>>()->attributes;
    return "<Namespace " + dict_repr(budget, names) + ">";
  }
  fail("printing a {} is not supported", value.type_name());
}

}  // namespace alarm_dist::jinja

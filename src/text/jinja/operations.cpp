// SPDX-License-Identifier: Apache-2.0
// Truth, comparison, iteration.
#include "text/jinja/operations.hpp"

#include <algorithm>
#include <cmath>

#include "text/jinja/python_text.hpp"
#include "text/unicode.hpp"

namespace alarm_dist::jinja {
namespace {

// Dictionary views and iterators are no sequences.
bool is_sequence_kind(ListKind kind) {
  return kind == ListKind::kList || kind == ListKind::kTuple || kind == ListKind::kRange;
}

bool equal_lists(Budget& budget, const List& left, const List& right) {
  if (left.kind != right.kind) return false;
  if (!is_sequence_kind(left.kind)) return &left == &right;
  return std::equal(left.items.begin(), left.items.end(), right.items.begin(), right.items.end(),
                    [&](const Value& a, const Value& b) { return equal(budget, a, b); });
}

bool equal_dicts(Budget& budget, const Dict& left, const Dict& right) {
  if (left.items().size() != right.items().size()) return false;
  for (const auto& [key, value] : left.items()) {
    const Value* other = right.find(budget, key);
    if (other == nullptr || !equal(budget, value, *other)) return false;
  }
  return true;
}

// Integers are compared as integers: a double does not hold all of them.
int order_numbers(const Value& left, const Value& right) {
  if (left.is_integer() && right.is_integer()) {
    return left.integer() < right.integer() ? -1 : left.integer() > right.integer() ? 1 : 0;
  }
  const double a = left.number();
  const double b = right.number();
  return a < b ? -1 : a > b ? 1 : a == b ? 0 : 2;  // 2: one is no number
}

bool less_lists(Budget& budget, const List& left, const List& right) {
  const std::size_t common = std::min(left.items.size(), right.items.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (equal(budget, left.items[i], right.items[i])) continue;
    return less(budget, left.items[i], right.items[i]);
  }
  return left.items.size() < right.items.size();
}

bool contains_item(Budget& budget, const List& list, const Value& part) {
  std::size_t i = list.taken ? *list.taken : 0;
  while (i < list.items.size()) {
    const bool found = equal(budget, list.items[i++], part);
    if (list.taken) *list.taken = i;
    if (found) return true;
  }
  return false;
}

Values characters_of(Budget& budget, const std::string& text) {
  budget.work(text.size());
  Values characters;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = character_at(text, i).size;
    characters.push_back(Value::text(text.substr(i, size)));
    i += size;
  }
  return characters;
}

}  // namespace

void refuse_undefined(const Value& value) { fail("{}", *value.as<Undefined>().why); }

void charge_texts(Budget& budget, const Arguments& arguments) {
  const auto charge = [&](const Value& value) {
    if (const auto* text = value.text()) budget.text(text->size());
  };
  for (const Value& value : arguments.positional) charge(value);
  for (const auto& [name, value] : arguments.keywords) charge(value);
}

std::int64_t want_integer(const Value& value, std::string_view what) {
  if (value.is<Undefined>()) refuse_undefined(value);
  if (!value.is_integer()) fail("{} must be an integer, not {}", what, value.type_name());
  return value.integer();
}

const std::string& want_text(const Value& value, std::string_view what) {
  if (value.is<Undefined>()) refuse_undefined(value);
  if (value.text() == nullptr) fail("{} must be a string, not {}", what, value.type_name());
  return *value.text();
}

bool truth(const Value& value) {
  if (value.is<Undefined>() || value.is<None>()) return false;
  if (value.is_number()) return value.is<double>() ? value.number() != 0 : value.integer() != 0;
  if (const auto* text = value.text()) return !text->empty();
  if (const List* list = value.list()) {
    return list->kind == ListKind::kIterator || !list->items.empty();
  }
  if (const Dict* dict = value.dict()) return !dict->items().empty();
  return true;
}

bool equal(Budget& budget, const Value& left, const Value& right) {
  budget.work(1);
  if (left.is_number() && right.is_number()) return order_numbers(left, right) == 0;
  if (left.storage().index() != right.storage().index()) return false;
  if (const auto* text = left.text()) {
    budget.text(text->size());
    return *text == *right.text();
  }
  if (const List* list = left.list()) return equal_lists(budget, *list, *right.list());
  if (const Dict* dict = left.dict()) return equal_dicts(budget, *dict, *right.dict());
  if (left.is<std::shared_ptr<Namespace>>()) {
    return left.as<std::shared_ptr<Namespace>>() == right.as<std::shared_ptr<Namespace>>();
  }
  if (left.is<std::shared_ptr<const Function>>()) {
    return left.as<std::shared_ptr<const Function>>() ==
           right.as<std::shared_ptr<const Function>>();
  }
  return left.is<None>() || left.is<Undefined>();
}

bool less(Budget& budget, const Value& left, const Value& right) {
  budget.work(1);
  if (left.is_number() && right.is_number()) return order_numbers(left, right) == -1;
  if (left.is<Undefined>()) refuse_undefined(left);
  if (right.is<Undefined>()) refuse_undefined(right);
  if (left.text() != nullptr && right.text() != nullptr) {
    budget.text(left.text()->size());
    return *left.text() < *right.text();  // UTF-8 sorts as its characters do
  }
  const List* a = left.list();
  const List* b = right.list();
  if (a != nullptr && b != nullptr && a->kind == b->kind &&
      (a->kind == ListKind::kList || a->kind == ListKind::kTuple)) {
    return less_lists(budget, *a, *b);
  }
  fail("'<' not supported between '{}' and '{}'", left.type_name(), right.type_name());
}

bool contains(Budget& budget, const Value& container, const Value& part) {
  if (const auto* text = container.text()) {
    budget.text(text->size());
    return find(*text, want_text(part, "the left side of 'in'")) != std::string::npos;
  }
  if (const Dict* dict = container.dict()) return dict->find(budget, part) != nullptr;
  if (const List* list = container.list()) return contains_item(budget, *list, part);
  if (container.is<Undefined>()) return false;
  fail("argument of type '{}' is not iterable", container.type_name());
}

bool compare(Budget& budget, std::string_view op, const Value& left, const Value& right) {
  if (op == "==") return equal(budget, left, right);
  if (op == "!=") return !equal(budget, left, right);
  if (op == "in") return contains(budget, right, left);
  if (op == "not in") return !contains(budget, right, left);
  if (op == "<") return less(budget, left, right);
  if (op == ">") return less(budget, right, left);
  // With a nan, neither of a <= b and a > b holds.
  if (left.is_number() && right.is_number() && order_numbers(left, right) == 2) return false;
  return op == "<=" ? !less(budget, right, left) : !less(budget, left, right);
}

Values iterate(Budget& budget, const Value& value) {
  if (const List* list = value.list()) {
    budget.work(list->items.size());
    if (!list->taken) return list->items;
    const auto begin = list->items.begin() + static_cast<std::ptrdiff_t>(*list->taken);
    *list->taken = list->items.size();
    return {begin, list->items.end()};
  }
  if (const Dict* dict = value.dict()) {
    budget.work(dict->items().size());
    Values keys;
    for (const auto& [key, item] : dict->items()) keys.push_back(key);
    return keys;
  }
  if (const auto* text = value.text()) return characters_of(budget, *text);
  if (value.is<Undefined>()) return {};
  fail("'{}' object is not iterable", value.type_name());
}

std::size_t length(const Value& value) {
  if (const auto* text = value.text()) return count_characters(*text);
  if (const Dict* dict = value.dict()) return dict->items().size();
  if (const List* list = value.list(); list != nullptr && list->kind != ListKind::kIterator) {
    return list->items.size();
  }
  if (value.is<Undefined>()) return 0;
  if (value.is<std::shared_ptr<Loop>>()) return value.as<std::shared_ptr<Loop>>()->items.size();
  fail("object of type '{}' has no len()", value.type_name());
}

}  // namespace alarm_dist::jinja

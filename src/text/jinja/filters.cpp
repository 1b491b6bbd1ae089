// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/filters.hpp"

#include "text/jinja/filter_tables.hpp"
#include "text/jinja/literal.hpp"
#include "text/jinja/python_text.hpp"

namespace alarm_dist::jinja {
namespace {

Filter find_filter(std::string_view name) {
  for (const FilterTable* table :
       {&value_filters(), &text_filters(), &list_filters(), &selecting_filters()}) {
    const auto found = table->find(name);
    if (found != table->end()) return found->second;
  }
  return nullptr;
}

bool is_index(std::string_view part) {
  return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

bool has_filter(std::string_view name) { return find_filter(name) != nullptr; }

Value apply_filter(Budget& budget, std::string_view name, const Value& input,
                   const Arguments& arguments) {
  const Filter filter = find_filter(name);
  if (filter == nullptr) fail("the filter '{}' is not supported", name);
  budget.work(1);
  if (const auto* text = input.text()) budget.text(text->size());
  charge_texts(budget, arguments);
  return filter(budget, input, arguments);
}

Value follow_path(Budget& budget, const Value& value, const Value* path) {
  if (path == nullptr || path->is<None>()) return value;
  const auto* text = path->text();
  if (text == nullptr) return item(budget, value, *path);
  budget.text(text->size());
  Value found = value;
  for (const auto part : split(*text, ".", -1)) {
    const auto index = is_index(part) ? parse_integer(part, 10) : std::nullopt;
    found = item(budget, found, index ? Value(*index) : Value::text(std::string(part)));
  }
  return found;
}

}  // namespace alarm_dist::jinja

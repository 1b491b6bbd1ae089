// SPDX-License-Identifier: Apache-2.0
// Filters on lists and mappings.
#include <algorithm>

#include "text/jinja/bound_arguments.hpp"
#include "text/jinja/filter_tables.hpp"
#include "text/jinja/python_text.hpp"

namespace alarm_dist::jinja {
namespace {

Value without_case(Budget& budget, const Value& value) {
  if (value.text() == nullptr) return value;
  budget.text(value.text()->size());
  return Value::text(lower(*value.text()));
}

// Python's sort: stable, also when it runs backwards, by keys that are computed once.
Values sorted(Budget& budget, const Values& items, const Values& keys, bool reverse) {
  std::vector<std::size_t> order(items.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return reverse ? less(budget, keys[b], keys[a]) : less(budget, keys[a], keys[b]);
  });
  Values result;
  for (const std::size_t i : order) result.push_back(items[i]);
  return result;
}

Value join(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("join", arguments, {"d", "attribute"});
  const std::string between = bound.find(0) == nullptr ? "" : to_text(budget, bound.at(0));
  std::string out;
  bool first = true;
  for (const Value& item : iterate(budget, input)) {
    const std::string text = to_text(budget, follow_path(budget, item, bound.some(1)));
    budget.size(out.size());
    budget.text(text.size() + between.size());
    if (!first) out += between;
    out += text;
    first = false;
  }
  return Value::text(std::move(out));
}

Value first_filter(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments none("first", arguments, {});
  const List* list = input.list();
  if (list != nullptr && list->taken) {
    if (*list->taken < list->items.size()) return list->items[(*list->taken)++];
    return Value::undefined("No first item, sequence was empty.");
  }
  const Values items = iterate(budget, input);
  return items.empty() ? Value::undefined("No first item, sequence was empty.") : items.front();
}

Value last_filter(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments none("last", arguments, {});
  if (input.list() != nullptr && input.list()->taken) fail("'generator' object is not reversible");
  const Values items = iterate(budget, input);
  return items.empty() ? Value::undefined("No last item, sequence was empty.") : items.back();
}

Value list_filter(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments none("list", arguments, {});
  return make_list(iterate(budget, input));
}

Value reverse_filter(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments none("reverse", arguments, {});
  if (const auto* text = input.text()) {
    std::u32string characters = to_characters(*text);
    std::reverse(characters.begin(), characters.end());
    return Value::text(to_utf8(characters), input.as<Text>().safe);
  }
  const bool is_iterator = input.list() != nullptr && input.list()->taken;
  Values items = iterate(budget, input);
  std::reverse(items.begin(), items.end());
  return make_list(std::move(items), is_iterator ? ListKind::kList : ListKind::kIterator);
}

Value items_filter(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments none("items", arguments, {});
  if (input.is<Undefined>()) return make_list({}, ListKind::kIterator);
  const Dict* dict = input.dict();
  if (dict == nullptr) fail("Can only get item pairs from a mapping.");
  budget.work(dict->items().size());
  Values pairs;
  for (const auto& [key, value] : dict->items()) {
    pairs.push_back(make_list({key, value}, ListKind::kTuple));
  }
  return make_list(std::move(pairs), ListKind::kIterator);
}

Value dictsort(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  const Dict* dict = input.dict();
  if (dict == nullptr) fail("dictsort: a mapping is required, not {}", input.type_name());
  const std::string by = bound.find(1) == nullptr ? "key" : bound.text(1);
  if (by != "key" && by != "value") fail("dictsort: by must be \"key\" or \"value\"");
  Values pairs;
  Values keys;
  for (const auto& [key, value] : dict->items()) {
    pairs.push_back(make_list({key, value}, ListKind::kTuple));
    const Value& sort_by = by == "key" ? key : value;
    keys.push_back(bound.flag(0, false) ? sort_by : without_case(budget, sort_by));
  }
  return make_list(sorted(budget, pairs, keys, bound.flag(2, false)));
}

// By several attributes ("a,b"), as lists of their values.
Value sort_key(Budget& budget, const Value& item, const Value* paths, bool case_sensitive) {
  Values parts;
  const auto add = [&](const Value* path) {
    const Value part = follow_path(budget, item, path);
    parts.push_back(case_sensitive ? part : without_case(budget, part));
  };
  if (paths == nullptr || paths->text() == nullptr) {
    add(paths);
  } else {
    for (const auto path : split(*paths->text(), ",", -1)) {
      const Value text = Value::text(std::string(path));
      add(&text);
    }
  }
  return make_list(std::move(parts));
}

Value sort(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const Values items = iterate(budget, input);
  Values keys;
  for (const Value& item : items) {
    keys.push_back(sort_key(budget, item, bound.some(2), bound.flag(1, false)));
  }
  return make_list(sorted(budget, items, keys, bound.flag(0, false)));
}

Value unique(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("unique", arguments, {"case_sensitive", "attribute"});
  Dict seen;
  Values kept;
  for (const Value& item : iterate(budget, input)) {
    Value key = follow_path(budget, item, bound.some(1));
    if (!bound.flag(0, false)) key = without_case(budget, key);
    if (seen.find(budget, key) != nullptr) continue;
    seen.set(budget, std::move(key), Value());
    kept.push_back(item);
  }
  return make_list(std::move(kept), ListKind::kIterator);
}

enum class Extreme { kMin, kMax };
template <Extreme extreme>
Value extreme_filter(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("min or max", arguments, {"case_sensitive", "attribute"});
  const Values items = iterate(budget, input);
  if (items.empty()) return Value::undefined("No aggregated item, sequence was empty.");
  const auto key_of = [&](const Value& item) {
    const Value key = follow_path(budget, item, bound.some(1));
    return bound.flag(0, false) ? key : without_case(budget, key);
  };
  std::size_t best = 0;
  Value best_key = key_of(items[0]);
  for (std::size_t i = 1; i < items.size(); ++i) {
    const Value key = key_of(items[i]);
    const bool better =
        extreme == Extreme::kMin ? less(budget, key, best_key) : less(budget, best_key, key);
    if (!better) continue;
    best = i;
    best_key = key;
  }
  return items[best];
}

Value sum(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("sum", arguments, {"attribute", "start"});
  Value total = bound.find(1) == nullptr ? Value(std::int64_t{0}) : *bound.find(1);
  if (total.text() != nullptr) fail("sum() can't sum strings");
  for (const Value& item : iterate(budget, input)) {
    total = binary(budget, "+", total, follow_path(budget, item, bound.some(0)));
  }
  return total;
}

Value batch(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("batch", arguments, {"linecount", "fill_with"});
  const auto size = want_integer(bound.at(0), "linecount");
  if (size < 1) fail("batch: linecount {}", size);
  Values batches;
  Values current;
  for (const Value& item : iterate(budget, input)) {
    if (static_cast<std::int64_t>(current.size()) == size) {
      batches.push_back(make_list(std::move(current)));
      current.clear();
    }
    current.push_back(item);
  }
  if (!current.empty()) {
    if (const Value* fill = bound.some(1)) {
      budget.texts(static_cast<std::size_t>(size), sizeof(Value));
      current.resize(static_cast<std::size_t>(size), *fill);
    }
    batches.push_back(make_list(std::move(current)));
  }
  return make_list(std::move(batches), ListKind::kIterator);
}

}  // namespace

const FilterTable& list_filters() {
  static const FilterTable kFilters = {
      {"join", join},
      {"first", first_filter},
      {"last", last_filter},
      {"list", list_filter},
      {"reverse", reverse_filter},
      {"items", items_filter},
      {"dictsort", dictsort},
      {"sort", sort},
      {"unique", unique},
      {"min", extreme_filter<Extreme::kMin>},
      {"max", extreme_filter<Extreme::kMax>},
      {"sum", sum},
      {"batch", batch},
  };
  return kFilters;
}

}  // namespace alarm_dist::jinja

// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/methods.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "text/jinja/bound_arguments.hpp"

namespace alarm_dist::jinja {
namespace {

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Value items_of(const Dict& dict) {
  Values items;
  for (const auto& [key, value] : dict.items()) {
    items.push_back(make_list({key, value}, ListKind::kTuple));
  }
  return make_list(std::move(items), ListKind::kItems);
}

Value call_dict(Budget& budget, const Value& self, const std::string& name,
                const Arguments& arguments) {
  const Dict& dict = *self.dict();
  budget.work(dict.items().size());
  if (name == "get") {
    const BoundArguments bound("get", arguments, {"key", "default"});
    const Value* found = dict.find(budget, bound.at(0));
    if (found != nullptr) return *found;
    return bound.find(1) == nullptr ? Value() : *bound.find(1);
  }
  const BoundArguments none(name, arguments, {});
  if (name == "copy") return self;
  if (name == "items") return items_of(dict);
  Values values;
  for (const auto& [key, value] : dict.items()) values.push_back(name == "keys" ? key : value);
  return make_list(std::move(values), name == "keys" ? ListKind::kKeys : ListKind::kValues);
}

Value call_list(Budget& budget, const Value& self, const std::string& name,
                const Arguments& arguments) {
  if (name == "copy") return self;
  const BoundArguments bound(name, arguments, {"value"});
  const Values& items = self.list()->items;
  std::int64_t count = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!equal(budget, items[i], bound.at(0))) continue;
    if (name == "index") return Value(static_cast<std::int64_t>(i));
    ++count;
  }
  if (name == "index") fail("index: the value is not in the list");
  return Value(count);
}

Value bind_text_method(Budget& budget, const Value& object, const std::string& name,
                       TextMethod method) {
  return Value(std::make_shared<const Function>(
      Function{name, [&budget, object, method](const Arguments& arguments) {
                 budget.text(object.text()->size());
                 charge_texts(budget, arguments);
                 return method(budget, object, arguments);
               }}));
}

Value refusing(const Value& object, const std::string& name, std::string_view why) {
  const std::string message = fmt::format("{}.{}: {}", object.type_name(), name, why);
  return Value(std::make_shared<const Function>(
      Function{name, [message](const Arguments&) -> Value { fail("{}", message); }}));
}

std::optional<Value> find_text(Budget& budget, const Value& object, const std::string& name) {
  static constexpr std::array<std::string_view, 13> kUnsupported = {
      "casefold",  "encode",       "expandtabs", "format_map",  "isascii",
      "isdecimal", "isidentifier", "isnumeric",  "isprintable", "istitle",
      "maketrans", "swapcase",     "translate"};
  if (const TextMethod method = find_text_method(name)) {
    return bind_text_method(budget, object, name, method);
  }
  if (is_one_of(kUnsupported, name)) return refusing(object, name, "not supported");
  return {};
}

std::optional<Value> find_dict(Budget& budget, const Value& object, const std::string& name) {
  static constexpr std::array<std::string_view, 5> kMethods = {"get", "items", "keys", "values",
                                                               "copy"};
  static constexpr std::array<std::string_view, 5> kChanging = {"clear", "pop", "popitem",
                                                                "setdefault", "update"};
  if (is_one_of(kChanging, name)) return refusing(object, name, "changing a value is not allowed");
  if (name == "fromkeys") return refusing(object, name, "not supported");
  if (!is_one_of(kMethods, name)) return {};
  return Value(std::make_shared<const Function>(
      Function{name, [&budget, object, name](const Arguments& arguments) {
                 return call_dict(budget, object, name, arguments);
               }}));
}

std::optional<Value> find_list(Budget& budget, const Value& object, const std::string& name) {
  static constexpr std::array<std::string_view, 3> kMethods = {"count", "index", "copy"};
  static constexpr std::array<std::string_view, 8> kChanging = {
      "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"};
  const ListKind kind = object.list()->kind;
  const bool is_list = kind == ListKind::kList;
  if (!is_list && kind != ListKind::kTuple) return {};
  if (is_list && is_one_of(kChanging, name)) {
    return refusing(object, name, "changing a value is not allowed");
  }
  if (!is_one_of(kMethods, name) || (name == "copy" && !is_list)) return {};
  return Value(std::make_shared<const Function>(
      Function{name, [&budget, object, name](const Arguments& arguments) {
                 return call_list(budget, object, name, arguments);
               }}));
}

}  // namespace

std::optional<Value> find_method(Budget& budget, const Value& object, const std::string& name) {
  if (object.text() != nullptr) return find_text(budget, object, name);
  if (object.dict() != nullptr) return find_dict(budget, object, name);
  if (object.list() != nullptr) return find_list(budget, object, name);
  return {};
}

}  // namespace alarm_dist::jinja

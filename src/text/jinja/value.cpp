// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/value.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "text/jinja/budget.hpp"

namespace alarm_dist::jinja {
namespace {

constexpr int kMaxNesting = 200;

int nesting_above(int below) {
  if (below >= kMaxNesting) fail("lists and mappings nest deeper than {} levels", kMaxNesting);
  return below + 1;
}

// Equal for keys that are equal in Python, different otherwise.
std::string identity_of(Budget& budget, std::string_view text) {
  budget.text(text.size());
  std::string identity = "s";
  return identity += text;
}

std::string identity_of(Budget& budget, const Value& key) {
  if (const auto* text = key.text()) return identity_of(budget, std::string_view(*text));
  if (key.is<None>()) return "n";
  if (key.is_integer()) return "i" + std::to_string(key.integer());
  if (key.is<double>()) {
    const double number = key.number();
    constexpr double kExact = 9007199254740992.0;  // 2^53: whole numbers below are exact
    if (std::abs(number) < kExact && number == std::floor(number)) {
      return "i" + std::to_string(static_cast<std::int64_t>(number));
    }
    return fmt::format("f{}", number);
  }
  if (key.is<Undefined>()) return "u";
  const List* list = key.list();
  if (list == nullptr || list->kind != ListKind::kTuple) {
    throw Unhashable(fmt::format("unhashable type: '{}'", key.type_name()));
  }
  std::string identity = "t";
  for (const Value& item : list->items) {
    const std::string part = identity_of(budget, item);
    budget.text(part.size());
    budget.size(identity.size());
    identity += std::to_string(part.size()) + ":" + part;
  }
  return identity;
}

}  // namespace

const std::string* Value::text() const {
  const auto* text = std::get_if<Text>(&storage_);
  return text == nullptr ? nullptr : text->bytes.get();
}

const List* Value::list() const {
  const auto* list = std::get_if<std::shared_ptr<const List>>(&storage_);
  return list == nullptr ? nullptr : list->get();
}

const Dict* Value::dict() const {
  const auto* dict = std::get_if<std::shared_ptr<const Dict>>(&storage_);
  return dict == nullptr ? nullptr : dict->get();
}

std::int64_t Value::integer() const {
  return is<bool>() ? static_cast<std::int64_t>(as<bool>()) : as<std::int64_t>();
}

double Value::number() const {
  return is<double>() ? as<double>() : static_cast<double>(integer());
}

int Value::depth() const {
  if (const List* held = list()) return held->depth;
  if (const Dict* held = dict()) return held->depth();
  return 0;
}

const char* Value::type_name() const {
  static constexpr std::array<const char*, std::variant_size_v<Storage>> kNames = {
      "Undefined", "NoneType", "bool",      "int",      "float",      "str",
      "list",      "dict",     "Namespace", "function", "LoopContext"};
  static constexpr std::array<const char*, 7> kListNames = {
      "list", "tuple", "range", "dict_keys", "dict_values", "dict_items", "generator"};
  if (const List* held = list()) return kListNames[static_cast<std::size_t>(held->kind)];
  return kNames[storage_.index()];
}

void Dict::set(Budget& budget, Value key, Value value) {
  depth_ = std::max(depth_, nesting_above(std::max(key.depth(), value.depth())));
  const auto [place, is_new] = places_.try_emplace(identity_of(budget, key), items_.size());
  if (is_new) {
    items_.emplace_back(std::move(key), std::move(value));
  } else {
    items_[place->second].second = std::move(value);
  }
}

const Value* Dict::find(Budget& budget, const Value& key) const {
  const auto place = places_.find(identity_of(budget, key));
  return place == places_.end() ? nullptr : &items_[place->second].second;
}

const Value* Dict::find(Budget& budget, std::string_view key) const {
  const auto place = places_.find(identity_of(budget, key));
  return place == places_.end() ? nullptr : &items_[place->second].second;
}

Value make_list(Values items, ListKind kind) {
  int below = 0;
  for (const Value& item : items) below = std::max(below, item.depth());
  List list{.items = std::move(items), .kind = kind, .depth = nesting_above(below), .taken = {}};
  if (kind == ListKind::kIterator) list.taken = std::make_shared<std::size_t>(0);
  return Value(std::make_shared<const List>(std::move(list)));
}

Value make_dict(Dict dict) { return Value(std::make_shared<const Dict>(std::move(dict))); }

}  // namespace alarm_dist::jinja

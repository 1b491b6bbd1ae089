// SPDX-License-Identifier: Apache-2.0
// value.name, value[index], value[begin:end:step].
#include <algorithm>

#include "text/jinja/methods.hpp"
#include "text/jinja/operations.hpp"
#include "text/jinja/python_text.hpp"
#include "text/unicode.hpp"

namespace alarm_dist::jinja {
namespace {

Value missing(const Value& object, const std::string& name) {
  return Value::undefined(
      fmt::format("'{} object' has no attribute '{}'", object.type_name(), name));
}

Value loop_attribute(Budget& budget, const std::shared_ptr<Loop>& loop, const std::string& name) {
  const auto number = [](std::size_t value) { return Value(static_cast<std::int64_t>(value)); };
  const std::size_t size = loop->items.size();
  const std::size_t i = loop->index0;
  if (name == "index0") return number(i);
  if (name == "index") return number(i + 1);
  if (name == "revindex0") return number(size - i - 1);
  if (name == "revindex") return number(size - i);
  if (name == "first") return Value(i == 0);
  if (name == "last") return Value(i + 1 == size);
  if (name == "length") return number(size);
  if (name == "depth0") return number(0);  // no recursive loops
  if (name == "depth") return number(1);
  if (name == "previtem") {
    return i == 0 ? Value::undefined("there is no previous item") : loop->items[i - 1];
  }
  if (name == "nextitem") {
    return i + 1 == size ? Value::undefined("there is no next item") : loop->items[i + 1];
  }
  const auto method = [&](auto body) {
    return Value(std::make_shared<const Function>(Function{"loop." + name, body}));
  };
  if (name == "cycle") {
    return method([at = i](const Arguments& arguments) {
      if (arguments.positional.empty()) fail("loop.cycle: no items");
      return arguments.positional[at % arguments.positional.size()];
    });
  }
  if (name == "changed") {
    // Weak: a loop that kept this function would own itself.
    return method([&budget, held = std::weak_ptr<Loop>(loop)](const Arguments& arguments) {
      const auto owner = held.lock();
      if (!owner) fail("loop.changed: the loop is over");
      const auto same = [&](const Value& a, const Value& b) { return equal(budget, a, b); };
      const auto& given = arguments.positional;
      const bool changed =
          !owner->asked ||
          !std::equal(given.begin(), given.end(), owner->seen.begin(), owner->seen.end(), same);
      owner->asked = true;
      owner->seen = given;
      return Value(changed);
    });
  }
  return Value::undefined(fmt::format("'LoopContext object' has no attribute '{}'", name));
}

// Of the named attribute as Python's getattr gives it, methods included.
std::optional<Value> find_attribute(Budget& budget, const Value& object, const std::string& name) {
  if (name.starts_with("__")) {
    return Value::undefined(fmt::format("access to attribute '{}' is unsafe", name));
  }
  if (object.is<std::shared_ptr<Namespace>>()) {
    const auto& names = object.as<std::shared_ptr<Namespace>>()->attributes;
    const Value* found = names.find(budget, std::string_view(name));
    return found == nullptr ? std::nullopt : std::optional(*found);
  }
  if (object.is<std::shared_ptr<Loop>>()) {
    return loop_attribute(budget, object.as<std::shared_ptr<Loop>>(), name);
  }
  return find_method(budget, object, name);
}

// An index that cannot be a key is one that is missing.
const Value* find_hashed(Budget& budget, const Dict& dict, const Value& index) try {
  return dict.find(budget, index);
} catch (const Unhashable&) {
  return nullptr;
}

std::optional<Value> find_element(Budget& budget, const Value& object, const Value& index) {
  if (const Dict* dict = object.dict()) {
    const Value* found = find_hashed(budget, *dict, index);
    return found == nullptr ? std::nullopt : std::optional(*found);
  }
  if (!index.is_integer()) return {};
  std::int64_t i = index.integer();
  if (const auto* text = object.text()) {
    budget.text(text->size());
    const std::u32string characters = to_characters(*text);
    const auto size = static_cast<std::int64_t>(characters.size());
    if (i < 0) i += size;
    if (i < 0 || i >= size) return {};
    return Value::text(to_utf8({&characters[static_cast<std::size_t>(i)], 1}),
                       object.as<Text>().safe);
  }
  const List* list = object.list();
  if (list == nullptr || list->kind > ListKind::kRange) return {};
  const auto size = static_cast<std::int64_t>(list->items.size());
  if (i < 0) i += size;
  if (i < 0 || i >= size) return {};
  return list->items[static_cast<std::size_t>(i)];
}

struct Range {
  std::int64_t begin, end, step;
};

// As slice.indices().
Range resolve(std::int64_t size, const Value* begin, const Value* end, const Value* step) {
  const auto given = [](const Value* value) { return value != nullptr && !value->is<None>(); };
  Range range{0, size, given(step) ? want_integer(*step, "a slice's step") : 1};
  if (range.step == 0) fail("slice step cannot be zero");
  const bool backwards = range.step < 0;
  const std::int64_t lowest = backwards ? -1 : 0;
  const std::int64_t highest = backwards ? size - 1 : size;
  const auto bound = [&](const Value* value, std::int64_t fallback) {
    if (!given(value)) return fallback;
    std::int64_t i = want_integer(*value, "a slice's bound");
    if (i < 0) i = i < -size ? lowest : i + size;
    return std::clamp(i, lowest, std::max(highest, lowest));
  };
  range.begin = bound(begin, backwards ? highest : lowest);
  range.end = bound(end, backwards ? lowest : highest);
  return range;
}

template <class Visit>
void walk(const Range& range, std::int64_t size, Visit visit) {
  // A step beyond the size takes one item; so it cannot overflow.
  const std::int64_t step = std::clamp(range.step, -size - 1, size + 1);
  for (std::int64_t i = range.begin; step > 0 ? i < range.end : i > range.end; i += step) {
    visit(static_cast<std::size_t>(i));
  }
}

}  // namespace

Value attribute(Budget& budget, const Value& object, const std::string& name) {
  if (object.is<Undefined>()) refuse_undefined(object);
  budget.text(name.size());
  if (const auto found = find_attribute(budget, object, name)) return *found;
  if (const Dict* dict = object.dict()) {
    if (const Value* found = dict->find(budget, std::string_view(name))) return *found;
  }
  return missing(object, name);
}

Value item(Budget& budget, const Value& object, const Value& index) {
  if (object.is<Undefined>()) refuse_undefined(object);
  if (const auto found = find_element(budget, object, index)) return *found;
  if (const auto* name = index.text()) {
    budget.text(name->size());
    if (const auto found = find_attribute(budget, object, *name)) return *found;
    return missing(object, *name);
  }
  return Value::undefined(fmt::format("{} has no such element", object.type_name()));
}

Value slice(Budget& budget, const Value& object, const Value* begin, const Value* end,
            const Value* step) {
  if (object.is<Undefined>()) refuse_undefined(object);
  if (const auto* text = object.text()) {
    budget.text(text->size());
    const std::u32string characters = to_characters(*text);
    const auto size = static_cast<std::int64_t>(characters.size());
    std::u32string chosen;
    walk(resolve(size, begin, end, step), size, [&](std::size_t i) { chosen += characters[i]; });
    return Value::text(to_utf8(chosen), object.as<Text>().safe);
  }
  const List* list = object.list();
  if (list == nullptr || list->kind > ListKind::kRange) {
    fail("'{}' object has no slices", object.type_name());
  }
  budget.work(list->items.size());
  const auto size = static_cast<std::int64_t>(list->items.size());
  Values chosen;
  walk(resolve(size, begin, end, step), size,
       [&](std::size_t i) { chosen.push_back(list->items[i]); });
  return make_list(std::move(chosen), list->kind);
}

}  // namespace alarm_dist::jinja

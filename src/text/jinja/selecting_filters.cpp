// SPDX-License-Identifier: Apache-2.0
// map, select, reject, selectattr, rejectattr: they apply a filter or a test to every item.
#include <algorithm>

#include "text/jinja/bound_arguments.hpp"
#include "text/jinja/filter_tables.hpp"
#include "text/jinja/filters.hpp"
#include "text/jinja/tests.hpp"

namespace alarm_dist::jinja {
namespace {

// The arguments behind the first `count`.
Arguments rest_of(const Arguments& arguments, std::size_t count) {
  Arguments rest = arguments;
  const auto taken = std::min(count, rest.positional.size());
  rest.positional.erase(rest.positional.begin(),
                        rest.positional.begin() + static_cast<std::ptrdiff_t>(taken));
  return rest;
}

Value map_attribute(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("map", arguments, {"attribute", "default"});
  Values mapped;
  for (const Value& item : iterate(budget, input)) {
    Value value = follow_path(budget, item, bound.some(0));
    if (value.is<Undefined>() && bound.some(1) != nullptr) value = *bound.some(1);
    mapped.push_back(std::move(value));
  }
  return make_list(std::move(mapped), ListKind::kIterator);
}

Value map_filter(Budget& budget, const Value& input, const Arguments& arguments) {
  const Budget::Level level(budget);
  if (!truth(input)) return make_list({}, ListKind::kIterator);
  if (arguments.positional.empty()) return map_attribute(budget, input, arguments);
  const std::string& name = want_text(arguments.positional[0], "the name of a filter");
  const Arguments rest = rest_of(arguments, 1);
  Values mapped;
  for (const Value& item : iterate(budget, input)) {
    mapped.push_back(apply_filter(budget, name, item, rest));
  }
  return make_list(std::move(mapped), ListKind::kIterator);
}

enum class Keep { kThatPass, kThatFail };
enum class Of { kItem, kAttribute };

template <Keep keep, Of of>
Value select_filter(Budget& budget, const Value& input, const Arguments& arguments) {
  const Budget::Level level(budget);
  if (!truth(input)) return make_list({}, ListKind::kIterator);
  const std::size_t name_at = of == Of::kAttribute ? 1 : 0;
  const auto& given = arguments.positional;
  if (given.size() < name_at) fail("the name of an attribute is missing");
  const Value* path = of == Of::kAttribute ? &given[0] : nullptr;
  const Arguments rest = rest_of(arguments, name_at + 1);
  Values kept;
  for (const Value& item : iterate(budget, input)) {
    const Value value = follow_path(budget, item, path);
    const bool passes =
        given.size() > name_at
            ? apply_test(budget, want_text(given[name_at], "the name of a test"), value, rest)
            : truth(value);
    if (passes == (keep == Keep::kThatPass)) kept.push_back(item);
  }
  return make_list(std::move(kept), ListKind::kIterator);
}

}  // namespace

const FilterTable& selecting_filters() {
  static const FilterTable kFilters = {
      {"map", map_filter},
      {"select", select_filter<Keep::kThatPass, Of::kItem>},
      {"reject", select_filter<Keep::kThatFail, Of::kItem>},
      {"selectattr", select_filter<Keep::kThatPass, Of::kAttribute>},
      {"rejectattr", select_filter<Keep::kThatFail, Of::kAttribute>},
  };
  return kFilters;
}

}  // namespace alarm_dist::jinja

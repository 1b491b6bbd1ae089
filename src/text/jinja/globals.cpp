// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/globals.hpp"

#include <array>

#include "text/jinja/bound_arguments.hpp"

namespace alarm_dist::jinja {
namespace {

Value make_range(Budget& budget, const Arguments& arguments) {
  constexpr std::int64_t kMaxRange = 100'000;  // Jinja's sandbox has the same bound
  if (!arguments.keywords.empty()) fail("range() takes no keyword arguments");
  const auto& given = arguments.positional;
  if (given.empty() || given.size() > 3)
    fail("range expected 1 to 3 arguments, got {}", given.size());
  const auto number = [&](std::size_t i) { return want_integer(given[i], "range's argument"); };
  std::int64_t begin = given.size() == 1 ? 0 : number(0);
  const std::int64_t end = given.size() == 1 ? number(0) : number(1);
  const std::int64_t step = given.size() == 3 ? number(2) : 1;
  if (step == 0) fail("range() arg 3 must not be zero");
  Values items;
  while (step > 0 ? begin < end : begin > end) {
    budget.work(1);
    if (static_cast<std::int64_t>(items.size()) == kMaxRange) {
      fail("Range too big. The sandbox blocks ranges larger than {}.", kMaxRange);
    }
    items.emplace_back(begin);
    if (__builtin_add_overflow(begin, step, &begin)) break;
  }
  return make_list(std::move(items), ListKind::kRange);
}

[[noreturn]] Value raise(Budget& budget, const Arguments& arguments) {
  const BoundArguments bound("raise_exception", arguments, {"message"});
  throw Refusal(to_text(budget, bound.at(0)));
}

Value format_time(std::time_t now, const Arguments& arguments) {
  constexpr std::size_t kMaxFormat = 256;
  const BoundArguments bound("strftime_now", arguments, {"format"});
  const auto& format = bound.text(0);
  if (format.size() > kMaxFormat) fail("strftime_now: a format of {} bytes", format.size());
  std::tm time{};
  localtime_r(&now, &time);
  std::array<char, 8192> text;
  const std::size_t size = std::strftime(text.data(), text.size(), format.c_str(), &time);
  return Value::text(std::string(text.data(), size));
}

Value function(const std::string& name, std::function<Value(const Arguments&)> call) {
  return Value(std::make_shared<const Function>(Function{name, std::move(call)}));
}

}  // namespace

Dict dict_of(Budget& budget, const Arguments& arguments) {
  if (arguments.positional.size() > 1) {
    fail("dict expected at most 1 argument, got {}", arguments.positional.size());
  }
  Dict dict;
  if (!arguments.positional.empty()) {
    const Value& source = arguments.positional[0];
    if (source.dict() != nullptr) {
      for (const auto& [key, value] : source.dict()->items()) dict.set(budget, key, value);
    } else {
      for (const Value& pair : iterate(budget, source)) {
        const Values parts = iterate(budget, pair);
        if (parts.size() != 2) fail("dict: a pair has {} items", parts.size());
        dict.set(budget, parts[0], parts[1]);
      }
    }
  }
  for (const auto& [name, value] : arguments.keywords) dict.set(budget, Value::text(name), value);
  return dict;
}

std::map<std::string, Value, std::less<>> make_globals(
    Budget& budget, std::time_t now, std::function<Value(const Arguments&)> make_namespace) {
  std::map<std::string, Value, std::less<>> globals;
  const auto add = [&](const std::string& name, std::function<Value(const Arguments&)> call) {
    globals.emplace(name, function(name, std::move(call)));
  };
  add("range", [&budget](const Arguments& given) { return make_range(budget, given); });
  add("dict", [&budget](const Arguments& given) { return make_dict(dict_of(budget, given)); });
  add("raise_exception", [&budget](const Arguments& given) -> Value { raise(budget, given); });
  add("strftime_now", [now](const Arguments& given) { return format_time(now, given); });
  add("namespace", std::move(make_namespace));
  for (const char* name : {"lipsum", "cycler", "joiner"}) {
    add(name,
        [name](const Arguments&) -> Value { fail("the function {} is not supported", name); });
  }
  return globals;
}

}  // namespace alarm_dist::jinja

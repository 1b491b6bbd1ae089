// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/tests.hpp"

#include <map>

#include "text/jinja/bound_arguments.hpp"
#include "text/jinja/filters.hpp"
#include "text/jinja/methods.hpp"

namespace alarm_dist::jinja {
namespace {

using Test = bool (*)(Budget&, const Value&, const Arguments&);

template <bool (*holds)(const Value&)>
bool plain(Budget&, const Value& value, const Arguments& arguments) {
  const BoundArguments none("a test without parameters", arguments, {});
  return holds(value);
}

bool is_defined(const Value& value) { return !value.is<Undefined>(); }
bool is_undefined(const Value& value) { return value.is<Undefined>(); }
bool is_none(const Value& value) { return value.is<None>(); }
bool is_boolean(const Value& value) { return value.is<bool>(); }
bool is_true(const Value& value) { return value.is<bool>() && value.as<bool>(); }
bool is_false(const Value& value) { return value.is<bool>() && !value.as<bool>(); }
bool is_plain_integer(const Value& value) { return value.is<std::int64_t>(); }
bool is_float(const Value& value) { return value.is<double>(); }
bool is_number(const Value& value) { return value.is_number(); }
bool is_string(const Value& value) { return value.text() != nullptr; }
bool is_mapping(const Value& value) { return value.dict() != nullptr; }
bool is_callable(const Value& value) {
  return value.is<std::shared_ptr<const Function>>() || value.is<Undefined>();
}
bool is_escaped(const Value& value) { return value.text() != nullptr && value.as<Text>().safe; }
bool is_iterable(const Value& value) {
  return value.text() != nullptr || value.list() != nullptr || value.dict() != nullptr ||
         value.is<Undefined>() || value.is<std::shared_ptr<Loop>>();
}
// With a length and elements: an undefined value has both.
bool is_sequence(const Value& value) {
  const List* list = value.list();
  return value.text() != nullptr || value.dict() != nullptr || value.is<Undefined>() ||
         (list != nullptr && list->kind <= ListKind::kRange);
}

template <char which>
bool is_cased(Budget& budget, const Value& value, const Arguments&) {
  const Value text = Value::text(to_text(budget, value));
  const Arguments none;
  return truth(find_text_method(which == 'u' ? "isupper" : "islower")(budget, text, none));
}

template <int rest>
bool leaves(Budget& budget, const Value& value, const Arguments&) {
  const Value two(std::int64_t{2});
  return equal(budget, binary(budget, "%", value, two), Value(std::int64_t{rest}));
}

bool divisible(Budget& budget, const Value& value, const Arguments& arguments) {
  const BoundArguments bound("divisibleby", arguments, {"num"});
  return !truth(binary(budget, "%", value, bound.at(0)));
}

template <char first, char second = '\0'>
bool compared(Budget& budget, const Value& value, const Arguments& arguments) {
  static constexpr char kOperator[] = {first, second, '\0'};
  const BoundArguments bound("a comparing test", arguments, {"other"});
  return compare(budget, kOperator, value, bound.at(0));
}

bool is_in(Budget& budget, const Value& value, const Arguments& arguments) {
  const BoundArguments bound("in", arguments, {"seq"});
  return contains(budget, bound.at(0), value);
}

// Python's `is`, where it is well defined: none, true, false.
bool is_same(Budget& budget, const Value& value, const Arguments& arguments) {
  const BoundArguments bound("sameas", arguments, {"other"});
  const Value& other = bound.at(0);
  if (value.is<bool>() || other.is<bool>() || value.is<None>() || other.is<None>()) {
    return value.storage().index() == other.storage().index() && equal(budget, value, other);
  }
  fail("'is sameas' is supported for true, false and none only");
}

bool is_filter(Budget&, const Value& value, const Arguments&) {
  return has_filter(want_text(value, "the name of a filter"));
}
bool is_test(Budget&, const Value& value, const Arguments&) {
  return has_test(want_text(value, "the name of a test"));
}

const std::map<std::string, Test, std::less<>>& tests() {
  static const std::map<std::string, Test, std::less<>> kTests = {
      {"defined", plain<is_defined>},
      {"undefined", plain<is_undefined>},
      {"none", plain<is_none>},
      {"boolean", plain<is_boolean>},
      {"true", plain<is_true>},
      {"false", plain<is_false>},
      {"integer", plain<is_plain_integer>},
      {"float", plain<is_float>},
      {"number", plain<is_number>},
      {"string", plain<is_string>},
      {"mapping", plain<is_mapping>},
      {"callable", plain<is_callable>},
      {"escaped", plain<is_escaped>},
      {"iterable", plain<is_iterable>},
      {"sequence", plain<is_sequence>},
      {"odd", leaves<1>},
      {"even", leaves<0>},
      {"upper", is_cased<'u'>},
      {"lower", is_cased<'l'>},
      {"divisibleby", divisible},
      {"sameas", is_same},
      {"in", is_in},
      {"filter", is_filter},
      {"test", is_test},
      {"==", compared<'=', '='>},
      {"eq", compared<'=', '='>},
      {"equalto", compared<'=', '='>},
      {"!=", compared<'!', '='>},
      {"ne", compared<'!', '='>},
      {">", compared<'>'>},
      {"gt", compared<'>'>},
      {"greaterthan", compared<'>'>},
      {">=", compared<'>', '='>},
      {"ge", compared<'>', '='>},
      {"<", compared<'<'>},
      {"lt", compared<'<'>},
      {"lessthan", compared<'<'>},
      {"<=", compared<'<', '='>},
      {"le", compared<'<', '='>},
  };
  return kTests;
}

}  // namespace

bool has_test(std::string_view name) { return tests().find(name) != tests().end(); }

bool apply_test(Budget& budget, std::string_view name, const Value& input,
                const Arguments& arguments) {
  const auto found = tests().find(name);
  if (found == tests().end()) fail("the test '{}' is not supported", name);
  budget.work(1);
  return found->second(budget, input, arguments);
}

}  // namespace alarm_dist::jinja

// SPDX-License-Identifier: Apache-2.0
// Filters on strings. Most take any value and work on what str() makes of it.
#include "text/jinja/bound_arguments.hpp"
#include "text/jinja/filter_tables.hpp"
#include "text/jinja/methods.hpp"
#include "text/jinja/python_text.hpp"
#include "text/jinja/text_format.hpp"
#include "text/unicode.hpp"

namespace alarm_dist::jinja {
namespace {

// The value itself if it is a string (a safe one stays safe), else str() of it.
Value soft_text(Budget& budget, const Value& value) {
  return value.text() != nullptr ? value : Value::text(to_text(budget, value));
}

Value call_method(Budget& budget, const char* name, const Value& input,
                  const Arguments& arguments) {
  return find_text_method(name)(budget, soft_text(budget, input), arguments);
}

Value trim(Budget& budget, const Value& input, const Arguments& arguments) {
  return call_method(budget, "strip", input, arguments);
}
Value upper_filter(Budget& budget, const Value& input, const Arguments& arguments) {
  return call_method(budget, "upper", input, arguments);
}
Value lower_filter(Budget& budget, const Value& input, const Arguments& arguments) {
  return call_method(budget, "lower", input, arguments);
}
Value capitalize_filter(Budget& budget, const Value& input, const Arguments& arguments) {
  return call_method(budget, "capitalize", input, arguments);
}
Value title_filter(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments none("title", arguments, {});
  const std::string text = to_text(budget, input);
  budget.work(text.size());  // ICU is asked about every word
  return Value::text(filter_title(text));
}
Value center(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("center", arguments, {"width"});
  return call_method(budget, "center", input, {{Value(bound.integer(0, 80))}, {}});
}

Value string_filter(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments none("string", arguments, {});
  return soft_text(budget, input);
}

Value safe(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments none("safe", arguments, {});
  return Value::text(to_text(budget, input), true);
}

Value escape(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments none("escape", arguments, {});
  if (input.text() != nullptr && input.as<Text>().safe) return input;
  return Value::text(escape_html(to_text(budget, input)), true);
}

Value replace_filter(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("replace", arguments, {"old", "new", "count"});
  const std::string text = to_text(budget, input);
  const std::string old = to_text(budget, bound.at(0));
  const std::string with = to_text(budget, bound.at(1));
  budget.texts(count(text, old) + 1, with.size());
  const auto times = bound.some(2) == nullptr ? -1 : bound.integer(2, -1);
  return Value::text(replace(text, old, with, times));
}

Value indent(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("indent", arguments, {"width", "first", "blank"});
  const Value* width = bound.find(0);
  std::string space = "    ";
  if (width != nullptr && width->text() != nullptr) {
    space = *width->text();
  } else if (width != nullptr) {
    const auto size = std::max<std::int64_t>(want_integer(*width, "width"), 0);
    budget.texts(static_cast<std::size_t>(size), 1);
    space = std::string(static_cast<std::size_t>(size), ' ');
  }
  if (input.text() != nullptr && input.as<Text>().safe) fail("indent of a safe string");
  const std::string text = want_text(input, "what indent takes") + "\n";
  const auto lines = split_lines(text, false);
  budget.texts(lines.size(), space.size() + 1);
  const bool blank = bound.flag(2, false);
  std::string out = bound.flag(1, false) ? space : "";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    if (i > 0 && (blank || !lines[i].empty())) out += space;
    out += lines[i];
  }
  return Value::text(std::move(out));
}

Value truncate(Budget&, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("truncate", arguments, {"length", "killwords", "end", "leeway"});
  const std::u32string text = to_characters(want_text(input, "what truncate takes"));
  const std::u32string end = bound.find(2) == nullptr ? U"..." : to_characters(bound.text(2));
  const auto length = bound.integer(0, 255);
  const auto leeway = bound.some(3) == nullptr ? 5 : bound.integer(3, 5);
  const auto end_size = static_cast<std::int64_t>(end.size());
  if (length < end_size || length > (1 << 30) || leeway < 0 || leeway > (1 << 30)) {
    fail("truncate: length {} and leeway {}", length, leeway);
  }
  if (static_cast<std::int64_t>(text.size()) <= length + leeway) return input;
  std::u32string kept = text.substr(0, static_cast<std::size_t>(length - end_size));
  if (!bound.flag(1, false)) kept = kept.substr(0, kept.rfind(U' '));
  return Value::text(to_utf8(kept + end));
}

Value word_count(Budget& budget, const Value& input, const Arguments& arguments) {
  const BoundArguments none("wordcount", arguments, {});
  std::int64_t words = 0;
  bool within = false;
  for (const char32_t code : to_characters(to_text(budget, input))) {
    if (is_word(code) && !within) ++words;
    within = is_word(code);
  }
  return Value(words);
}

Value format_filter(Budget& budget, const Value& input, const Arguments& arguments) {
  const Value format = soft_text(budget, input);
  if (arguments.keywords.empty()) {
    return format_percent(budget, format, make_list(arguments.positional, ListKind::kTuple));
  }
  if (!arguments.positional.empty()) fail("format: both positional and named arguments");
  Dict named;
  for (const auto& [name, value] : arguments.keywords) named.set(budget, Value::text(name), value);
  return format_percent(budget, format, make_dict(std::move(named)));
}

}  // namespace

const FilterTable& text_filters() {
  static const FilterTable kFilters = {
      {"trim", trim},
      {"upper", upper_filter},
      {"lower", lower_filter},
      {"capitalize", capitalize_filter},
      {"title", title_filter},
      {"center", center},
      {"string", string_filter},
      {"safe", safe},
      {"e", escape},
      {"escape", escape},
      {"replace", replace_filter},
      {"indent", indent},
      {"truncate", truncate},
      {"wordcount", word_count},
      {"format", format_filter},
  };
  return kFilters;
}

}  // namespace alarm_dist::jinja

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include <unicode/uchar.h>

#include "text/jinja/bound_arguments.hpp"
#include "text/jinja/methods.hpp"
#include "text/jinja/python_text.hpp"
#include "text/jinja/text_format.hpp"
#include "text/unicode.hpp"

namespace alarm_dist::jinja {
namespace {

const std::string& bytes(const Value& self) { return *self.text(); }

// A text made of a safe one is safe.
Value like(const Value& self, std::string_view text) {
  return Value::text(std::string(text), self.as<Text>().safe);
}

Value like(const Value& self, const std::vector<std::string_view>& texts) {
  Values values;
  for (const auto text : texts) values.push_back(like(self, text));
  return make_list(std::move(values));
}

template <Side side>
Value strip_method(Budget&, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("strip", arguments, {"chars"});
  const Value* set = bound.some(0);
  if (set == nullptr) return like(self, strip(bytes(self), side));
  return like(self, strip(bytes(self), side, want_text(*set, "chars")));
}

enum class From { kLeft, kRight };
template <From from>
Value split_method(Budget& budget, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("split", arguments, {"sep", "maxsplit"});
  std::optional<std::string_view> separator;
  if (bound.some(0) != nullptr) separator = want_text(*bound.some(0), "sep");
  const auto limit = bound.integer(1, -1);
  const auto parts = from == From::kLeft ? split(bytes(self), separator, limit)
                                         : split_right(bytes(self), separator, limit);
  budget.work(parts.size());
  return like(self, parts);
}

Value split_lines_method(Budget& budget, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("splitlines", arguments, {"keepends"});
  const auto lines = split_lines(bytes(self), bound.flag(0, false));
  budget.work(lines.size());
  return like(self, lines);
}

template <From side>
Value partition_method(Budget&, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("partition", arguments, {"sep"});
  const auto parts = side == From::kLeft ? split(bytes(self), bound.text(0), 1)
                                         : split_right(bytes(self), bound.text(0), 1);
  const bool found = parts.size() == 2;
  const auto first = found || side == From::kLeft ? parts.front() : std::string_view();
  const auto last = found || side == From::kRight ? parts.back() : std::string_view();
  const auto middle = found ? std::string_view(bound.text(0)) : std::string_view();
  return make_list({like(self, first), like(self, middle), like(self, last)}, ListKind::kTuple);
}

// Of a text or a tuple of them.
template <From side>
Value starts_or_ends(Budget& budget, const Value& self, const Arguments& arguments) {
  const BoundArguments bound(side == From::kLeft ? "startswith" : "endswith", arguments,
                             {"affix", "start", "end"});
  if (bound.find(1) != nullptr || bound.find(2) != nullptr) {
    fail("startswith and endswith with a range are not supported");
  }
  const auto has = [&](const Value& affix) {
    const auto& text = want_text(affix, "the argument of startswith or endswith");
    budget.text(text.size());
    return side == From::kLeft ? bytes(self).starts_with(text) : bytes(self).ends_with(text);
  };
  const List* list = bound.at(0).list();
  if (list == nullptr || list->kind != ListKind::kTuple) return Value(has(bound.at(0)));
  return Value(std::any_of(list->items.begin(), list->items.end(), has));
}

Value replace_method(Budget& budget, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("replace", arguments, {"old", "new", "count"});
  const bool escapes = self.as<Text>().safe && !(bound.at(1).text() && bound.at(1).as<Text>().safe);
  const std::string with = escapes ? escape_html(bound.text(1)) : bound.text(1);
  budget.text(bytes(self).size());
  budget.texts(count(bytes(self), bound.text(0)) + 1, with.size());
  return like(self, replace(bytes(self), bound.text(0), with, bound.integer(2, -1)));
}

template <std::string (*change)(std::string_view)>
Value changed(Budget&, const Value& self, const Arguments& arguments) {
  const BoundArguments none("a method without parameters", arguments, {});
  return like(self, change(bytes(self)));
}

Value title_method(Budget& budget, const Value& self, const Arguments& arguments) {
  budget.work(bytes(self).size());  // ICU is asked about every character
  return changed<title>(budget, self, arguments);
}

template <From side, bool must>
Value find_text(Budget&, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("find", arguments, {"sub"});
  const auto& part = bound.text(0);
  const auto place = side == From::kLeft ? find(bytes(self), part) : find_last(bytes(self), part);
  if (place != std::string::npos) {
    const auto before = std::string_view(bytes(self)).substr(0, place);
    return Value(static_cast<std::int64_t>(count_characters(before)));
  }
  if (must) fail("index: the substring is not found");
  return Value(std::int64_t{-1});
}

Value count_method(Budget&, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("count", arguments, {"sub"});
  return Value(static_cast<std::int64_t>(count(bytes(self), bound.text(0))));
}

Value join_method(Budget& budget, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("join", arguments, {"iterable"});
  if (self.as<Text>().safe) fail("join() of a string that is marked safe is not supported");
  std::string out;
  bool first = true;
  for (const Value& part : iterate(budget, bound.at(0))) {
    const auto& text = want_text(part, "an item of join()");
    budget.size(out.size());
    budget.text(text.size() + bytes(self).size());
    if (!first) out += bytes(self);
    out += text;
    first = false;
  }
  return Value::text(std::move(out));
}

template <From side>
Value without_affix(Budget&, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("removeprefix", arguments, {"affix"});
  std::string_view text = bytes(self);
  const auto& affix = bound.text(0);
  if (side == From::kLeft && text.starts_with(affix)) text.remove_prefix(affix.size());
  if (side == From::kRight && text.ends_with(affix)) text.remove_suffix(affix.size());
  return like(self, text);
}

enum class Align { kLeft, kRight, kCenter };
template <Align align>
Value pad(Budget& budget, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("ljust, rjust or center", arguments, {"width", "fillchar"});
  const std::string fill = bound.find(1) == nullptr ? " " : bound.text(1);
  if (count_characters(fill) != 1) fail("the fill character must be one character");
  const auto present = static_cast<std::int64_t>(count_characters(bytes(self)));
  const auto width = want_integer(bound.at(0), "width");
  if (width <= present) return self;
  const auto missing = static_cast<std::size_t>(width - present);
  budget.texts(missing, fill.size());
  // Python's center puts the odd one left of an odd width.
  std::size_t left = align == Align::kLeft ? 0 : missing;
  if (align == Align::kCenter) left = missing / 2 + (missing & static_cast<std::size_t>(width) & 1);
  std::string out;
  for (std::size_t i = 0; i < left; ++i) out += fill;
  out += bytes(self);
  for (std::size_t i = left; i < missing; ++i) out += fill;
  return like(self, out);
}

Value zero_fill(Budget& budget, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("zfill", arguments, {"width"});
  const auto present = static_cast<std::int64_t>(count_characters(bytes(self)));
  const auto width = want_integer(bound.at(0), "width");
  if (width <= present) return self;
  budget.texts(static_cast<std::size_t>(width - present), 1);
  std::string out = bytes(self);
  const bool has_sign = out.starts_with('-') || out.starts_with('+');
  out.insert(has_sign ? 1 : 0, static_cast<std::size_t>(width - present), '0');
  return like(self, out);
}

bool is_alphabetic(char32_t code) {
  return (U_GET_GC_MASK(static_cast<UChar32>(code)) & U_GC_L_MASK) != 0;
}
bool is_decimal_or_digit(char32_t code) {
  const auto type = u_getIntPropertyValue(static_cast<UChar32>(code), UCHAR_NUMERIC_TYPE);
  return type == U_NT_DECIMAL || type == U_NT_DIGIT;
}
bool is_alphanumeric(char32_t code) {
  return is_alphabetic(code) ||
         u_getIntPropertyValue(static_cast<UChar32>(code), UCHAR_NUMERIC_TYPE) != U_NT_NONE;
}

// All characters are of the class, and there is one.
template <bool (*belongs)(char32_t)>
Value all_are(Budget&, const Value& self, const Arguments& arguments) {
  const BoundArguments none("a method without parameters", arguments, {});
  const std::u32string characters = to_characters(bytes(self));
  return Value(!characters.empty() && std::all_of(characters.begin(), characters.end(), belongs));
}

// A cased character, and none of the other case.
template <UProperty wanted, UProperty other>
Value has_case(Budget&, const Value& self, const Arguments& arguments) {
  const BoundArguments none("a method without parameters", arguments, {});
  bool found = false;
  for (const char32_t code : to_characters(bytes(self))) {
    const auto character = static_cast<UChar32>(code);
    if (u_hasBinaryProperty(character, other) || u_istitle(character)) return Value(false);
    found |= u_hasBinaryProperty(character, wanted) != 0;
  }
  return Value(found);
}

}  // namespace

TextMethod find_text_method(const std::string& name) {
  static const std::map<std::string, TextMethod, std::less<>> kMethods = {
      {"strip", strip_method<Side::kBoth>},
      {"lstrip", strip_method<Side::kLeft>},
      {"rstrip", strip_method<Side::kRight>},
      {"split", split_method<From::kLeft>},
      {"rsplit", split_method<From::kRight>},
      {"splitlines", split_lines_method},
      {"partition", partition_method<From::kLeft>},
      {"rpartition", partition_method<From::kRight>},
      {"startswith", starts_or_ends<From::kLeft>},
      {"endswith", starts_or_ends<From::kRight>},
      {"replace", replace_method},
      {"upper", changed<upper>},
      {"lower", changed<lower>},
      {"title", title_method},
      {"capitalize", changed<capitalize>},
      {"find", find_text<From::kLeft, false>},
      {"rfind", find_text<From::kRight, false>},
      {"index", find_text<From::kLeft, true>},
      {"rindex", find_text<From::kRight, true>},
      {"count", count_method},
      {"join", join_method},
      {"format", format_braces},
      {"removeprefix", without_affix<From::kLeft>},
      {"removesuffix", without_affix<From::kRight>},
      {"ljust", pad<Align::kLeft>},
      {"rjust", pad<Align::kRight>},
      {"center", pad<Align::kCenter>},
      {"zfill", zero_fill},
      {"isalpha", all_are<is_alphabetic>},
      {"isdigit", all_are<is_decimal_or_digit>},
      {"isalnum", all_are<is_alphanumeric>},
      {"isspace", all_are<is_space>},
      {"isupper", has_case<UCHAR_UPPERCASE, UCHAR_LOWERCASE>},
      {"islower", has_case<UCHAR_LOWERCASE, UCHAR_UPPERCASE>},
  };
  const auto found = kMethods.find(name);
  return found == kMethods.end() ? nullptr : found->second;
}

}  // namespace alarm_dist::jinja

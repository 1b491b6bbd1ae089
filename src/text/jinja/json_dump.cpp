// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/json_dump.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "text/jinja/bound_arguments.hpp"
#include "text/jinja/python_text.hpp"
#include "text/unicode.hpp"

namespace alarm_dist::jinja {
namespace {

struct Style {
  bool ascii = false;
  bool sorted = false;
  std::optional<std::string> indent;
  std::string between = ", ";
  std::string after_key = ": ";
};

constexpr std::size_t kMaxEscape = 6;  // bytes that one byte becomes: \u0001

void append_unit(std::string& out, std::uint32_t unit) { out += fmt::format("\\u{:04x}", unit); }

void append_escaped(std::string& out, char32_t code) {
  if (code >= 0x10000) {
    append_unit(out, 0xD800 + ((static_cast<std::uint32_t>(code) - 0x10000) >> 10));
    append_unit(out, 0xDC00 + (static_cast<std::uint32_t>(code) & 0x3FF));
  } else {
    append_unit(out, static_cast<std::uint32_t>(code));
  }
}

std::string quote(const std::string& text, bool ascii) {
  static constexpr std::string_view kSpecial = "\"\\\n\r\t\f\b";
  static constexpr std::string_view kLetters = "\"\\nrtfb";
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const Character character = character_at(text, i);
    const auto special = character.code < 0x80 ? kSpecial.find(text[i]) : std::string_view::npos;
    if (special != std::string_view::npos) {
      out += '\\';
      out += kLetters[special];
    } else if (character.code < 0x20 || (ascii && character.code >= 0x7F)) {
      append_escaped(out, character.code);
    } else {
      out += text.substr(i, character.size);
    }
    i += character.size;
  }
  return out += '"';
}

std::string number_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  return float_text(number);
}

class Writer {
 public:
  Writer(Budget& budget, const Style& style) : budget_(budget), style_(style) {}

  void write(const Value& value) {
    const Budget::Level level(budget_);
    budget_.work(1);
    if (value.is<None>()) {
      out_ += "null";
    } else if (value.is<bool>()) {
      out_ += value.as<bool>() ? "true" : "false";
    } else if (value.is_integer()) {
      out_ += std::to_string(value.integer());
    } else if (value.is<double>()) {
      out_ += number_text(value.number());
    } else if (const auto* text = value.text()) {
      write_text(*text);
    } else if (const Dict* dict = value.dict()) {
      write_dict(*dict);
    } else {
      write_list(value);
    }
  }

  std::string take() {
    budget_.text(out_.size());
    return std::move(out_);
  }

 private:
  void append(std::string_view piece) {
    budget_.text(piece.size());
    budget_.size(out_.size());
    out_ += piece;
  }

  void write_text(const std::string& text) {
    budget_.texts(kMaxEscape, text.size());
    budget_.size(out_.size());
    out_ += quote(text, style_.ascii);
  }

  void write_list(const Value& value) {
    const List* list = value.list();
    if (list == nullptr || (list->kind != ListKind::kList && list->kind != ListKind::kTuple)) {
      fail("Object of type {} is not JSON serializable", value.type_name());
    }
    write_items('[', ']', list->items.size(), [&](std::size_t i) { write(list->items[i]); });
  }

  void write_dict(const Dict& dict) {
    std::vector<const Dict::Item*> items;
    for (const auto& item : dict.items()) items.push_back(&item);
    if (style_.sorted) {
      std::stable_sort(items.begin(), items.end(), [&](const auto* a, const auto* b) {
        return less(budget_, a->first, b->first);
      });
    }
    write_items('{', '}', items.size(), [&](std::size_t i) {
      write_text(key_text(items[i]->first));
      append(style_.after_key);
      write(items[i]->second);
    });
  }

  template <class WriteItem>
  void write_items(char open, char close, std::size_t count, WriteItem write_item) {
    out_ += open;
    ++depth_;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) append(style_.between);
      start_line();
      write_item(i);
    }
    --depth_;
    if (count > 0) start_line();
    out_ += close;
  }

  void start_line() {
    if (!style_.indent) return;
    budget_.texts(depth_ + 1, style_.indent->size());
    budget_.size(out_.size());
    out_ += '\n';
    for (std::size_t i = 0; i < depth_; ++i) out_ += *style_.indent;
  }

  static std::string key_text(const Value& key) {
    if (const auto* text = key.text()) return *text;
    if (key.is<None>()) return "null";
    if (key.is<bool>()) return key.as<bool>() ? "true" : "false";
    if (key.is_integer()) return std::to_string(key.integer());
    if (key.is<double>()) return number_text(key.number());
    fail("keys must be str, int, float, bool or None, not {}", key.type_name());
  }

  Budget& budget_;
  const Style& style_;
  std::string out_;
  std::size_t depth_ = 0;
};

Style read_style(Budget& budget, const BoundArguments& bound) {
  Style style;
  style.ascii = bound.flag(0, false);
  if (const Value* indent = bound.some(1)) {
    style.between = std::string(1, ',');  // g++ 12 warns of = ","
    if (const auto* text = indent->text()) {
      style.indent = *text;
    } else {
      const auto width = std::max<std::int64_t>(want_integer(*indent, "indent"), 0);
      budget.texts(static_cast<std::size_t>(width), 1);
      style.indent = std::string(static_cast<std::size_t>(width), ' ');
    }
  }
  if (const Value* separators = bound.some(2)) {
    const Values pair = iterate(budget, *separators);
    if (pair.size() != 2) fail("separators must be two");
    charge_texts(budget, {pair, {}});
    style.between = want_text(pair[0], "a separator");
    style.after_key = want_text(pair[1], "a separator");
  }
  style.sorted = bound.flag(3, false);
  return style;
}

}  // namespace

Value to_json(Budget& budget, const Value& value, const Arguments& arguments) {
  const BoundArguments bound("tojson", arguments,
                             {"ensure_ascii", "indent", "separators", "sort_keys"});
  const Style style = read_style(budget, bound);
  Writer writer(budget, style);
  writer.write(value);
  return Value::text(writer.take());
}

}  // namespace alarm_dist::jinja

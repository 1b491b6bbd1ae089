// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/text_format.hpp"

#include <algorithm>
#include <cmath>

#include "text/jinja/operations.hpp"
#include "text/unicode.hpp"

namespace alarm_dist::jinja {
namespace {

constexpr int kMaxWidth = 1000;

struct Conversion {
  bool left = false;
  bool zeros = false;
  int width = 0;
  int precision = -1;
  std::string key;
  char letter = '\0';
};

class PercentFormat {
 public:
  PercentFormat(Budget& budget, const std::string& format, const Value& values)
      : budget_(budget), format_(format), values_(values) {
    const List* list = values.list();
    tuple_ = list != nullptr && list->kind == ListKind::kTuple ? list : nullptr;
  }

  std::string run() {
    std::string out;
    while (place_ < format_.size()) {
      const char byte = format_[place_++];
      if (byte != '%') {
        out += byte;
        continue;
      }
      const Conversion conversion = read();
      const std::string piece = conversion.letter == '%' ? "%" : convert(conversion);
      budget_.text(piece.size());
      budget_.size(out.size());
      out += piece;
    }
    // What can be subscripted may go unused, as in Python.
    const bool may_stay =
        values_.dict() != nullptr || values_.list() != nullptr || values_.is<Undefined>();
    const bool all_used = tuple_ != nullptr ? used_ == tuple_->items.size() : used_ > 0 || may_stay;
    if (!all_used) fail("not all arguments converted during string formatting");
    return out;
  }

 private:
  char here() const { return place_ < format_.size() ? format_[place_] : '\0'; }

  int read_number() {
    int number = 0;
    for (; here() >= '0' && here() <= '9'; ++place_) number = number * 10 + (here() - '0');
    if (number > kMaxWidth) fail("a format of width {}, more than {}", number, kMaxWidth);
    return number;
  }

  Conversion read() {
    Conversion conversion;
    if (here() == '(') {
      const std::size_t end = format_.find(')', place_);
      if (end == std::string::npos) fail("incomplete format key");
      conversion.key = format_.substr(place_ + 1, end - place_ - 1);
      place_ = end + 1;
    }
    for (; here() == '-' || here() == '0'; ++place_) {
      (here() == '-' ? conversion.left : conversion.zeros) = true;
    }
    conversion.width = read_number_bounded();
    if (here() == '.') {
      ++place_;
      conversion.precision = read_number_bounded();
    }
    conversion.letter = here();
    ++place_;
    return conversion;
  }

  // Digits beyond what a width may have are refused before they overflow.
  int read_number_bounded() {
    std::size_t digits = 0;
    while (place_ + digits < format_.size() && format_[place_ + digits] >= '0' &&
           format_[place_ + digits] <= '9') {
      ++digits;
    }
    if (digits > 6) fail("a format of width 10^{}", digits);
    return read_number();
  }

  Value next_value(const Conversion& conversion) {
    if (!conversion.key.empty()) {
      const Dict* dict = values_.dict();
      if (dict == nullptr) fail("format requires a mapping");
      const Value* found = dict->find(budget_, std::string_view(conversion.key));
      if (found == nullptr) fail("the format's key '{}' is missing", conversion.key);
      return *found;
    }
    if (tuple_ == nullptr && used_ == 0) {
      ++used_;
      return values_;
    }
    if (tuple_ == nullptr || used_ >= tuple_->items.size()) {
      fail("not enough arguments for format string");
    }
    return tuple_->items[used_++];
  }

  std::string convert(const Conversion& conversion) {
    const Value value = next_value(conversion);
    const char letter = conversion.letter;
    if (letter == 's' || letter == 'r') {
      std::string text = letter == 's' ? to_text(budget_, value) : to_repr(budget_, value);
      if (conversion.precision >= 0) {
        const auto characters = static_cast<std::size_t>(conversion.precision);
        std::size_t end = 0;
        for (std::size_t i = 0; i < characters && end < text.size(); ++i) {
          end += character_at(text, end).size;
        }
        text.resize(end);
      }
      return padded(std::move(text), conversion, false);
    }
    if (letter != 'd' && letter != 'i' && letter != 'f') {
      fail("the format character '{}' is not supported", letter);
    }
    if (!value.is_number()) fail("%{} format: a number is required", letter);
    if (letter == 'f') {
      const int precision = conversion.precision < 0 ? 6 : conversion.precision;
      return padded(fmt::format("{:.{}f}", value.number(), precision), conversion, true);
    }
    if (conversion.precision >= 0) fail("a precision of an integer is not supported");
    return padded(whole_number(value), conversion, true);
  }

  static std::string whole_number(const Value& value) {
    if (value.is_integer()) return std::to_string(value.integer());
    constexpr double kLimit = 9.2e18;
    if (!(std::abs(value.number()) < kLimit)) fail("cannot convert the float to an integer");
    return std::to_string(static_cast<std::int64_t>(value.number()));
  }

  static std::string padded(std::string text, const Conversion& conversion, bool is_number) {
    const std::size_t characters = count_characters(text);
    const auto width = static_cast<std::size_t>(conversion.width);
    if (characters >= width) return text;
    const std::size_t missing = width - characters;
    if (conversion.left) return text + std::string(missing, ' ');
    if (!conversion.zeros || !is_number) return std::string(missing, ' ') + text;
    const std::size_t sign = text.starts_with('-') ? 1 : 0;
    return text.insert(sign, missing, '0');
  }

  Budget& budget_;
  const std::string& format_;
  const Value& values_;
  const List* tuple_ = nullptr;
  std::size_t place_ = 0;
  std::size_t used_ = 0;
};

bool is_number(const std::string& text) {
  return !text.empty() && text.size() < 10 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Value field_value(Budget& budget, const std::string& field, std::size_t& automatic,
                  const Arguments& arguments) {
  if (field.empty() || is_number(field)) {
    const std::size_t index = field.empty() ? automatic++ : std::stoul(field);
    if (index >= arguments.positional.size()) fail("format: no argument {}", index);
    return arguments.positional[index];
  }
  budget.work(arguments.keywords.size());
  for (const auto& [name, value] : arguments.keywords) {
    if (name == field) return value;
  }
  if (field.find_first_of(".[!:") != std::string::npos) {
    fail("the format field '{{{}}}' is not supported", field);
  }
  fail("format: no argument '{}'", field);
}

}  // namespace

Value format_percent(Budget& budget, const Value& format, const Value& values) {
  if (format.as<Text>().safe) fail("% on a string that is marked safe is not supported");
  budget.text(format.text()->size());
  return Value::text(PercentFormat(budget, *format.text(), values).run());
}

Value format_braces(Budget& budget, const Value& format, const Arguments& arguments) {
  const std::string& text = *format.text();
  if (format.as<Text>().safe) fail("format() of a string that is marked safe is not supported");
  std::string out;
  std::size_t automatic = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char byte = text[i];
    if (byte != '{' && byte != '}') {
      out += byte;
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == byte) {
      out += byte;
      ++i;
      continue;
    }
    const std::size_t end = text.find('}', i);
    if (byte == '}' || end == std::string::npos) fail("format: a single '{}'", byte);
    out +=
        to_text(budget, field_value(budget, text.substr(i + 1, end - i - 1), automatic, arguments));
    budget.size(out.size());
    i = end;
  }
  return Value::text(std::move(out));
}

}  // namespace alarm_dist::jinja

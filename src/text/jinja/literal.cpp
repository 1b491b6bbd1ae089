// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/literal.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include "text/jinja/python_text.hpp"
#include "text/unicode.hpp"

namespace alarm_dist::jinja {
namespace {

bool is_digit_of(char byte, int base) {
  if (byte >= '0' && byte <= '9') return byte - '0' < base;
  const char lower = static_cast<char>(byte | 0x20);
  return lower >= 'a' && lower <= 'z' && lower - 'a' + 10 < base;
}

// Bytes of digits from `begin` on, with single underscores between them.
std::size_t digits_at(std::string_view text, std::size_t begin, int base) {
  std::size_t end = begin;
  while (end < text.size()) {
    const bool separates = text[end] == '_' && end > begin && text[end - 1] != '_' &&
                           end + 1 < text.size() && is_digit_of(text[end + 1], base);
    if (!separates && !is_digit_of(text[end], base)) break;
    ++end;
  }
  return end - begin;
}

std::string without_underscores(std::string_view text) {
  std::string out;
  for (const char byte : text) {
    if (byte != '_') out += byte;
  }
  return out;
}

std::optional<std::int64_t> to_integer(std::string_view digits, int base) {
  const std::string plain = without_underscores(digits);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value, base);
  if (error != std::errc() || end != plain.data() + plain.size()) return {};
  return value;
}

// from_chars leaves what does not fit unset: Python's float() gives inf or 0.
std::optional<double> to_float(const std::string& plain) {
  double value = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (end != plain.data() + plain.size()) return {};
  if (error == std::errc::result_out_of_range) return std::strtod(plain.c_str(), nullptr);
  if (error != std::errc()) return {};
  return value;
}

// Bytes of ".5", "e-3" or ".5e-3" behind the digits that end at `begin`.
std::size_t fraction_at(std::string_view text, std::size_t begin) {
  std::size_t end = begin;
  if (end < text.size() && text[end] == '.') {
    const auto digits = digits_at(text, end + 1, 10);
    if (digits > 0) end += 1 + digits;
  }
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    std::size_t exponent = end + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    const auto digits = digits_at(text, exponent, 10);
    if (digits > 0) end = exponent + digits;
  }
  return end - begin;
}

int base_of_prefix(std::string_view text) {
  if (text.size() < 3 || text[0] != '0') return 10;
  const char letter = static_cast<char>(text[1] | 0x20);
  const int base = letter == 'b' ? 2 : letter == 'o' ? 8 : letter == 'x' ? 16 : 10;
  const std::size_t digits = text[2] == '_' ? 3 : 2;
  return digits < text.size() && is_digit_of(text[digits], base) ? base : 10;
}

// Code of `count` hexadecimal digits; nothing for a surrogate or what is no character.
std::optional<char32_t> hex_code(std::string_view text, std::size_t begin, std::size_t count) {
  if (begin + count > text.size()) return {};
  std::uint32_t code = 0;
  const char* last = text.data() + begin + count;
  const auto [end, error] = std::from_chars(text.data() + begin, last, code, 16);
  if (error != std::errc() || end != last) return {};
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return code;
}

// Appends what the escape at text[place] == '\\' stands for; its size in bytes, or 0.
std::size_t append_escape(std::string& out, std::string_view text, std::size_t place) {
  static constexpr std::string_view kLetters = "\\'\"abfnrtv";
  static constexpr std::string_view kMeanings = "\\'\"\a\b\f\n\r\t\v";
  if (place + 1 >= text.size()) return 0;
  const char letter = text[place + 1];
  if (letter == '\n') return 2;
  if (const auto found = kLetters.find(letter); found != std::string_view::npos) {
    out += kMeanings[found];
    return 2;
  }
  if (letter == 'x' || letter == 'u' || letter == 'U') {
    const std::size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : 8;
    const auto code = hex_code(text, place + 2, digits);
    if (!code) return 0;
    append_utf8(out, *code);
    return 2 + digits;
  }
  if (letter >= '0' && letter <= '7') {
    char32_t code = 0;
    std::size_t digits = 0;
    for (; digits < 3 && place + 1 + digits < text.size(); ++digits) {
      const char digit = text[place + 1 + digits];
      if (digit < '0' || digit > '7') break;
      code = code * 8 + static_cast<char32_t>(digit - '0');
    }
    append_utf8(out, code);
    return 1 + digits;
  }
  if (letter == 'N') return 0;  // by the name of a character: not supported
  out += '\\';                  // as Python does with what it does not know
  return 1;
}

}  // namespace

std::optional<NumberLiteral> read_number_literal(std::string_view text, bool may_be_float) {
  NumberLiteral literal;
  const int base = base_of_prefix(text);
  std::size_t begin = base == 10 ? 0 : 2;
  if (base != 10 && text[begin] == '_') ++begin;
  literal.size = begin + digits_at(text, begin, base);
  if (base == 10 && may_be_float) {
    const std::size_t fraction = fraction_at(text, literal.size);
    if (fraction > 0) {
      literal.is_float = true;
      literal.size += fraction;
      const auto number = to_float(without_underscores(text.substr(0, literal.size)));
      literal.number = number.value_or(0);
      return literal;
    }
  }
  const auto integer = to_integer(text.substr(begin, literal.size - begin), base);
  if (!integer) return {};
  literal.integer = *integer;
  return literal;
}

std::optional<std::string> unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      out += text[i++];
      continue;
    }
    const std::size_t size = append_escape(out, text, i);
    if (size == 0) return {};
    i += size;
  }
  return out;
}

std::optional<std::int64_t> parse_integer(std::string_view text, int base) {
  text = strip(text, Side::kBoth);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const int prefixed = base_of_prefix(text);
  if (prefixed != 10 && prefixed == base) text.remove_prefix(text[2] == '_' ? 3 : 2);
  if (text.empty() || digits_at(text, 0, base) != text.size()) return {};
  return to_integer((negative ? "-" : "") + std::string(text), base);
}

std::optional<double> parse_float(std::string_view text) {
  text = strip(text, Side::kBoth);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::string word = lower(text);
  const double sign = negative ? -1 : 1;
  if (word == "inf" || word == "infinity") return sign * std::numeric_limits<double>::infinity();
  if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
  std::size_t digits = digits_at(text, 0, 10);
  const bool bare_fraction = digits == 0 && text.starts_with('.');
  if (digits == 0 && !bare_fraction) return {};
  digits += fraction_at(text, digits);
  if (digits + 1 == text.size() && text.back() == '.' && digits > 0) ++digits;  // "1."
  if (digits == 0 || digits != text.size()) return {};
  const auto value = to_float(without_underscores(text));
  if (!value) return {};
  return sign * *value;
}

}  // namespace alarm_dist::jinja

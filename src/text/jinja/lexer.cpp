// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "text/jinja/failure.hpp"
#include "text/jinja/literal.hpp"
#include "text/jinja/python_text.hpp"
#include "text/jinja/token.hpp"
#include "text/unicode.hpp"

namespace alarm_dist::jinja {
namespace {

// Every kind of line end becomes \n, and one at the end is left out.
std::string with_plain_line_ends(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
    text += source[i] == '\r' ? '\n' : source[i];
  }
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

bool is_name_start(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
         static_cast<unsigned char>(byte) >= 0x80;
}
bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(with_plain_line_ends(source)) {}

  std::vector<Token> run() {
    while (place_ < source_.size()) read_outside();
    add(TokenKind::kEnd);
    return std::move(tokens_);
  }

 private:
  bool at(std::string_view what) const { return at(what, place_); }
  bool at(std::string_view what, std::size_t place) const {
    return std::string_view(source_).substr(std::min(place, source_.size())).starts_with(what);
  }
  char here() const { return place_ < source_.size() ? source_[place_] : '\0'; }

  void advance(std::size_t bytes) {
    const auto begin = source_.begin() + static_cast<std::ptrdiff_t>(place_);
    line_ += static_cast<int>(std::count(begin, begin + static_cast<std::ptrdiff_t>(bytes), '\n'));
    place_ += bytes;
  }
  void skip_space() { advance(space_at(place_)); }
  std::size_t space_at(std::size_t place) const {
    const auto rest = std::string_view(source_).substr(place);
    return rest.size() - strip(rest, Side::kLeft).size();
  }
  Token& add(TokenKind kind, std::string text = {}) {
    tokens_.push_back({.kind = kind, .line = line_, .text = std::move(text)});
    return tokens_.back();
  }

  void read_outside();
  void add_data(std::string_view text, char sign, bool strips_line);
  std::size_t raw_tag_size(std::string_view word, char& end_sign) const;
  void read_raw(std::size_t begin_size, char end_sign);
  void read_comment();
  void read_tag(TokenKind end, std::string_view closing);
  bool read_tag_end(TokenKind end, std::string_view closing);
  void read_word();
  void read_number();
  void read_string();
  void read_operator();
  void note_line_start() { line_starts_ = place_ > 0 && source_[place_ - 1] == '\n'; }

  std::string source_;
  std::size_t place_ = 0;
  int line_ = 1;
  bool line_starts_ = true;
  std::string open_brackets_;  // the closing ones that are due, innermost last
  std::vector<Token> tokens_;
};

// Text up to the next tag, and the tag.
void Lexer::read_outside() {
  std::size_t open = place_;
  while ((open = source_.find('{', open)) != std::string::npos) {
    if (at("{%", open) || at("{{", open) || at("{#", open)) break;
    ++open;
  }
  const std::size_t end = std::min(open, source_.size());
  const std::string_view data = std::string_view(source_).substr(place_, end - place_);
  if (open == std::string::npos) {
    add_data(data, '+', false);
    return advance(data.size());
  }
  const char kind = source_[open + 1];
  char sign = open + 2 < source_.size() ? source_[open + 2] : '\0';
  if (sign != '-' && sign != '+') sign = '\0';
  add_data(data, sign, kind != '{');
  advance(data.size());
  char raw_end_sign = '\0';
  if (const auto raw = kind == '%' ? raw_tag_size("raw", raw_end_sign) : 0; raw > 0) {
    return read_raw(raw, raw_end_sign);
  }
  if (kind == '%') add(TokenKind::kBlockBegin);
  if (kind == '{') add(TokenKind::kPrintBegin);
  advance(sign == '\0' ? 2 : 3);
  if (kind == '#') return read_comment();
  kind == '%' ? read_tag(TokenKind::kBlockEnd, "%}") : read_tag(TokenKind::kPrintEnd, "}}");
}

// `sign` is that of the tag that follows; a line of white space before a block is left out.
void Lexer::add_data(std::string_view text, char sign, bool strips_line) {
  if (sign == '-') {
    text = strip(text, Side::kRight);
  } else if (sign != '+' && strips_line) {
    const std::size_t line_end = text.rfind('\n');
    const std::size_t begin = line_end == std::string_view::npos ? 0 : line_end + 1;
    if ((begin > 0 || line_starts_) && strip(text.substr(begin), Side::kLeft).empty()) {
      text = text.substr(0, begin);
    }
  }
  if (!text.empty()) add(TokenKind::kData, std::string(text));
}

// The bytes of "{% raw %}" at the present place, or 0; end_sign is what stands before its "%}".
std::size_t Lexer::raw_tag_size(std::string_view word, char& end_sign) const {
  if (!at("{%")) return 0;
  std::size_t place = place_ + 2;
  if (at("-", place) || at("+", place)) ++place;
  place += space_at(place);
  if (!at(word, place)) return 0;
  place += word.size();
  place += space_at(place);
  end_sign = place < source_.size() ? source_[place] : '\0';
  if (end_sign == '-' || (end_sign == '+' && word == "endraw")) {
    ++place;
  } else {
    end_sign = '\0';
  }
  return at("%}", place) ? place + 2 - place_ : 0;
}

void Lexer::read_raw(std::size_t begin_size, char end_sign) {
  const int line = line_;
  advance(begin_size);
  if (end_sign == '-') skip_space();
  note_line_start();
  const std::size_t begin = place_;
  for (;; advance(1)) {
    const std::size_t open = source_.find("{%", place_);
    if (open == std::string::npos) throw Failure("{% raw %} without {% endraw %}", line);
    advance(open - place_);
    const std::size_t size = raw_tag_size("endraw", end_sign);
    if (size == 0) continue;
    add_data(std::string_view(source_).substr(begin, open - begin), source_[open + 2], true);
    advance(size);
    break;
  }
  if (end_sign == '-') skip_space();
  if (end_sign == '\0' && here() == '\n') advance(1);
  note_line_start();
}

void Lexer::read_comment() {
  const std::size_t end = source_.find("#}", place_);
  if (end == std::string::npos) throw Failure("{# without #}", line_);
  const char sign = end > place_ ? source_[end - 1] : '\0';
  advance(end + 2 - place_);
  if (sign == '-') skip_space();
  if (sign != '-' && sign != '+' && here() == '\n') advance(1);
  note_line_start();
}

void Lexer::read_tag(TokenKind end, std::string_view closing) {
  const int line = line_;
  open_brackets_.clear();
  while (true) {
    if (open_brackets_.empty() && read_tag_end(end, closing)) return;
    if (place_ >= source_.size()) throw Failure("a tag that is not closed", line);
    if (const auto space = space_at(place_); space > 0) {
      advance(space);
    } else {
      read_word();
    }
  }
}

bool Lexer::read_tag_end(TokenKind end, std::string_view closing) {
  char sign = here();
  const bool has_sign =
      (sign == '-' || (sign == '+' && end == TokenKind::kBlockEnd)) && at(closing, place_ + 1);
  if (!has_sign && !at(closing)) return false;
  if (!has_sign) sign = '\0';
  add(end);
  advance(closing.size() + (has_sign ? 1 : 0));
  if (sign == '-') skip_space();
  if (sign == '\0' && end == TokenKind::kBlockEnd && here() == '\n') advance(1);
  note_line_start();
  return true;
}

void Lexer::read_word() {
  const char byte = here();
  if (is_digit(byte)) return read_number();
  if (byte == '"' || byte == '\'') return read_string();
  if (!is_name_start(byte)) return read_operator();
  std::size_t end = place_;
  while (end < source_.size() && (is_name_start(source_[end]) || is_digit(source_[end]))) ++end;
  // A step may look a name up, whatever its length.
  constexpr std::size_t kMaxName = 1000;
  const std::size_t size = end - place_;
  if (size > kMaxName) {
    throw Failure(fmt::format("a name of {} bytes, more than {}", size, kMaxName), line_);
  }
  add(TokenKind::kName, source_.substr(place_, size));
  advance(size);
}

void Lexer::read_number() {
  const bool after_dot = place_ > 0 && source_[place_ - 1] == '.';
  const auto literal = read_number_literal(std::string_view(source_).substr(place_), !after_dot);
  if (!literal) throw Failure("a number too large for 64 bits", line_);
  Token& token = add(literal->is_float ? TokenKind::kFloat : TokenKind::kInteger);
  token.integer = literal->integer;
  token.number = literal->number;
  advance(literal->size);
}

void Lexer::read_string() {
  const char quote = here();
  std::size_t end = place_ + 1;
  while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
  if (end >= source_.size()) throw Failure("a string that is not closed", line_);
  const auto inner = std::string_view(source_).substr(place_ + 1, end - place_ - 1);
  const auto text = unescape(inner);
  if (!text) throw Failure(fmt::format("the escapes in the string '{}'", inner), line_);
  add(TokenKind::kString, *text);
  advance(end + 1 - place_);
}

void Lexer::read_operator() {
  static constexpr std::array<std::string_view, 25> kOperators = {
      "**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
      "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ","};
  const auto found = std::find_if(kOperators.begin(), kOperators.end(),
                                  [&](std::string_view name) { return at(name); });
  if (found == kOperators.end()) {
    const auto size = character_at(source_, place_).size;
    throw Failure(fmt::format("unexpected '{}'", source_.substr(place_, size)), line_);
  }
  if (*found == "(") open_brackets_ += ')';
  if (*found == "[") open_brackets_ += ']';
  if (*found == "{") open_brackets_ += '}';
  if (*found == ")" || *found == "]" || *found == "}") {
    if (open_brackets_.empty() || open_brackets_.back() != found->front()) {
      throw Failure(fmt::format("unexpected '{}'", *found), line_);
    }
    open_brackets_.pop_back();
  }
  add(TokenKind::kOperator, std::string(*found));
  advance(found->size());
}

}  // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace alarm_dist::jinja

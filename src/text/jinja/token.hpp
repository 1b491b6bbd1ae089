// SPDX-License-Identifier: Apache-2.0
// A template's source as tokens: text between tags, and the words within tags. Whitespace control
// is done here: -, +, and trim_blocks and lstrip_blocks, which chat templates assume.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace alarm_dist::jinja {

enum class TokenKind {
  kData,  // text outside of tags
  kPrintBegin,
  kPrintEnd,
  kBlockBegin,
  kBlockEnd,
  kName,
  kString,
  kInteger,
  kFloat,
  kOperator,
  kEnd
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  int line = 0;
  std::string text;  // of data, names, strings (unescaped) and operators
  std::int64_t integer = 0;
  double number = 0;

  bool is_name(std::string_view name) const { return kind == TokenKind::kName && text == name; }
  bool is_operator(std::string_view name) const {
    return kind == TokenKind::kOperator && text == name;
  }
};

// The last token is kEnd. Throws Failure with the line.
std::vector<Token> tokenize(std::string_view source);

}  // namespace alarm_dist::jinja

// SPDX-License-Identifier: Apache-2.0
// Tokens to a syntax tree. What is not supported is refused here, before anything is rendered.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/ast.hpp"
#include "text/jinja/token.hpp"

namespace alarm_dist::jinja {

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Body parse();  // the whole template; throws Failure with the line

 private:
  class Nest;  // one level of the parser's own recursion

  // Tokens.
  const Token& here() const { return tokens_[place_]; }
  const Token& next() const { return tokens_[std::min(place_ + 1, tokens_.size() - 1)]; }
  Token take();
  bool take_if_name(std::string_view name);
  bool take_if_operator(std::string_view name);
  void expect_operator(std::string_view name);
  void expect_name(std::string_view name);
  void expect(TokenKind kind, std::string_view what);
  std::string expect_any_name();
  [[noreturn]] void fail_here(const std::string& expected) const;

  // Statements (parser_statements.cpp).
  using Ends = std::initializer_list<std::string_view>;
  Body parse_body(Ends ends);   // up to a tag named so, whose name is the next token
  Body parse_block(Ends ends);  // the same behind the end of the opening tag
  void parse_statement(Body& body);
  void close(std::string_view end);  // takes the name of the closing tag
  Stmt::Node parse_for();
  Stmt::Node parse_if();
  Stmt::Node parse_set();
  Stmt::Node parse_with();
  Stmt::Node parse_macro();
  Stmt::Node parse_call_block();
  Stmt::Node parse_filter_block();
  Stmt::Node parse_generation();
  Stmt::Node parse_loop_control(Stmt::Node node, std::string_view name);
  Body parse_procedure_body(Procedure& procedure, std::string_view end);
  std::vector<Parameter> parse_parameters();
  Target parse_target(bool with_attribute);
  Target parse_one_target(bool with_attribute);

  // Expressions (parser_expressions.cpp), loosest first.
  enum class Ternary { kAllowed, kNot };
  ExprPtr parse_tuple(Ternary ternary = Ternary::kAllowed);  // a, b or a single expression
  ExprPtr parse_expression();
  ExprPtr parse_and_or(bool is_and);
  ExprPtr parse_not();
  ExprPtr parse_compare();
  ExprPtr parse_sum();
  ExprPtr parse_concat();
  ExprPtr parse_product();
  ExprPtr parse_power();
  enum class Filters { kAllowed, kNot };
  ExprPtr parse_unary(Filters filters);
  ExprPtr parse_primary();
  ExprPtr parse_name();
  ExprPtr parse_parenthesis();
  ExprPtr parse_list();
  ExprPtr parse_dict();
  ExprPtr parse_postfix(ExprPtr expr);
  ExprPtr parse_filters_and_tests(ExprPtr expr);
  ExprPtr parse_filters(ExprPtr input);  // at a name
  ExprPtr parse_test(ExprPtr input);
  ExprPtr parse_dot(ExprPtr object);
  ExprPtr parse_subscript(ExprPtr object);
  ExprPtr parse_index();
  ExprPtr parse_call(ExprPtr callee);
  ArgumentList parse_arguments();
  bool at_tuple_end() const;

  // A node whose depth is one more than that of its deepest child.
  ExprPtr make(int line, Expr::Node node, int depth_below);

  std::vector<Token> tokens_;
  std::size_t place_ = 0;
  int nesting_ = 0;
  std::vector<std::size_t> loops_;      // open loops of each open macro, for break and continue
  std::vector<Procedure*> procedures_;  // open ones
};

}  // namespace alarm_dist::jinja

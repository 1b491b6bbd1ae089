// SPDX-License-Identifier: Apache-2.0
// What stands behind a value: .name, [index], (arguments), | filter, is test.
#include <algorithm>

#include "text/jinja/expr_depth.hpp"
#include "text/jinja/filters.hpp"
#include "text/jinja/parser_nest.hpp"
#include "text/jinja/tests.hpp"

namespace alarm_dist::jinja {

ExprPtr Parser::parse_postfix(ExprPtr expr) {
  while (true) {
    if (here().is_operator(".")) {
      expr = parse_dot(std::move(expr));
    } else if (here().is_operator("[")) {
      expr = parse_subscript(std::move(expr));
    } else if (here().is_operator("(")) {
      expr = parse_call(std::move(expr));
    } else {
      return expr;
    }
  }
}

ExprPtr Parser::parse_filters_and_tests(ExprPtr expr) {
  while (true) {
    if (take_if_operator("|")) {
      expr = parse_filters(std::move(expr));
    } else if (here().is_name("is")) {
      expr = parse_test(std::move(expr));
    } else if (here().is_operator("(")) {
      expr = parse_call(std::move(expr));
    } else {
      return expr;
    }
  }
}

ExprPtr Parser::parse_filters(ExprPtr input) {
  do {
    const int line = here().line;
    const std::string name = expect_any_name();
    if (!has_filter(name)) {
      throw Failure(fmt::format("the filter '{}' is not supported", name), line);
    }
    FilterCall filter{.input = std::move(input), .name = name, .arguments = {}};
    if (here().is_operator("(")) filter.arguments = parse_arguments();
    const int below = std::max(deepest({filter.input.get()}), deepest(filter.arguments));
    input = make(line, std::move(filter), below);
  } while (take_if_operator("|"));
  return input;
}

ExprPtr Parser::parse_test(ExprPtr input) {
  const int line = take().line;
  const bool negated = take_if_name("not");
  const std::string name = expect_any_name();
  if (!has_test(name)) throw Failure(fmt::format("the test 'is {}' is not supported", name), line);
  TestCall test{.input = std::move(input), .name = name, .arguments = {}};
  const Token& token = here();
  const bool is_word = token.kind == TokenKind::kName && !token.is_name("else") &&
                       !token.is_name("or") && !token.is_name("and");
  if (token.is_operator("(")) {
    test.arguments = parse_arguments();
  } else if (is_word || token.kind == TokenKind::kString || token.kind == TokenKind::kInteger ||
             token.kind == TokenKind::kFloat || token.is_operator("[") || token.is_operator("{")) {
    if (token.is_name("is")) fail_here("no second test: tests cannot be chained");
    const Nest nest(*this);
    test.arguments.positional.push_back(parse_postfix(parse_primary()));
  }
  int below = std::max(test.input->depth, deepest(test.arguments));
  ExprPtr expr = make(line, std::move(test), below);
  if (!negated) return expr;
  below = expr->depth;
  return make(line, Unary{UnaryOperator::kNot, std::move(expr)}, below);
}

ExprPtr Parser::parse_dot(ExprPtr object) {
  const int line = take().line;
  const int below = object->depth;
  if (here().kind == TokenKind::kInteger) {
    ExprPtr index = make(line, Literal{Value(take().integer)}, 0);
    return make(line, Item{std::move(object), std::move(index)}, below);
  }
  std::string name = expect_any_name();
  return make(line, Attribute{std::move(object), std::move(name)}, below);
}

ExprPtr Parser::parse_subscript(ExprPtr object) {
  const int line = take().line;
  Exprs indices;
  while (!here().is_operator("]")) {
    if (!indices.empty()) expect_operator(",");
    indices.push_back(parse_index());
  }
  expect_operator("]");
  if (indices.size() != 1) throw Failure("a subscript of other than one part", line);
  const int below = std::max(object->depth, indices[0]->depth);
  return make(line, Item{std::move(object), std::move(indices[0])}, below);
}

ExprPtr Parser::parse_index() {
  const int line = here().line;
  const auto at_end = [&] { return here().is_operator("]") || here().is_operator(","); };
  Slice slice;
  if (!here().is_operator(":")) {
    slice.begin = parse_expression();
    if (!here().is_operator(":")) return std::move(slice.begin);
  }
  take();
  if (!here().is_operator(":") && !at_end()) slice.end = parse_expression();
  if (take_if_operator(":") && !at_end()) slice.step = parse_expression();
  const int below = deepest({slice.begin.get(), slice.end.get(), slice.step.get()});
  return make(line, std::move(slice), below);
}

ExprPtr Parser::parse_call(ExprPtr callee) {
  const int line = here().line;
  ArgumentList arguments = parse_arguments();
  const int below = std::max(callee->depth, deepest(arguments));
  return make(line, Call{std::move(callee), std::move(arguments)}, below);
}

ArgumentList Parser::parse_arguments() {
  const Nest nest(*this);
  ArgumentList list;
  expect_operator("(");
  bool first = true;
  while (!here().is_operator(")")) {
    if (!first) expect_operator(",");
    first = false;
    if (here().is_operator(")")) break;
    const bool spread_seen = list.spread || list.spread_keywords;
    if (take_if_operator("**")) {
      if (list.spread_keywords) fail_here("one **mapping");
      list.spread_keywords = parse_expression();
    } else if (here().is_operator("*") && !spread_seen) {
      take();
      list.spread = parse_expression();
    } else if (here().kind == TokenKind::kName && next().is_operator("=")) {
      std::string name = take().text;
      take();
      list.keywords.emplace_back(std::move(name), parse_expression());
    } else {
      if (spread_seen || !list.keywords.empty()) fail_here("name=value");
      list.positional.push_back(parse_expression());
    }
  }
  expect_operator(")");
  return list;
}

}  // namespace alarm_dist::jinja

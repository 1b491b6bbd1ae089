// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "text/jinja/expr_depth.hpp"
#include "text/jinja/parser_nest.hpp"

namespace alarm_dist::jinja {

ExprPtr Parser::make(int line, Expr::Node node, int depth_below) {
  constexpr int kMaxDepth = 400;
  if (depth_below >= kMaxDepth) {
    throw Failure(fmt::format("an expression deeper than {} levels", kMaxDepth), line);
  }
  return std::make_unique<Expr>(
      Expr{.line = line, .depth = depth_below + 1, .node = std::move(node)});
}

bool Parser::at_tuple_end() const {
  return here().kind == TokenKind::kPrintEnd || here().kind == TokenKind::kBlockEnd ||
         here().is_operator(")") || here().is_name("recursive");
}

ExprPtr Parser::parse_tuple(Ternary ternary) {
  const int line = here().line;
  const auto parse_one = [&] {
    return ternary == Ternary::kAllowed ? parse_expression() : parse_and_or(false);
  };
  ExprPtr first = parse_one();
  if (!here().is_operator(",")) return first;
  Exprs items;
  items.push_back(std::move(first));
  while (take_if_operator(",") && !at_tuple_end()) items.push_back(parse_one());
  const int below = deepest(items);
  return make(line, ListLiteral{std::move(items), ListKind::kTuple}, below);
}

ExprPtr Parser::parse_expression() {
  const Nest nest(*this);
  ExprPtr value = parse_and_or(false);
  while (here().is_name("if")) {
    const int line = take().line;
    ExprPtr test = parse_and_or(false);
    ExprPtr no = take_if_name("else") ? parse_expression() : nullptr;
    const int below = deepest({value.get(), test.get(), no.get()});
    value = make(line, Conditional{std::move(test), std::move(value), std::move(no)}, below);
  }
  return value;
}

ExprPtr Parser::parse_and_or(bool is_and) {
  const auto parse_one = [&] { return is_and ? parse_not() : parse_and_or(true); };
  const std::string_view word = is_and ? "and" : "or";
  ExprPtr first = parse_one();
  if (!here().is_name(word)) return first;
  const int line = here().line;
  Exprs operands;
  operands.push_back(std::move(first));
  while (take_if_name(word)) operands.push_back(parse_one());
  const int below = deepest(operands);
  return make(line, AndOr{is_and, std::move(operands)}, below);
}

ExprPtr Parser::parse_not() {
  if (!here().is_name("not")) return parse_compare();
  const Nest nest(*this);
  const int line = take().line;
  ExprPtr operand = parse_not();
  const int below = operand->depth;
  return make(line, Unary{UnaryOperator::kNot, std::move(operand)}, below);
}

ExprPtr Parser::parse_compare() {
  static constexpr std::array<std::string_view, 6> kOperators = {"==", "!=", "<", "<=", ">", ">="};
  ExprPtr first = parse_sum();
  const int line = here().line;
  Compare compare;
  int below = first->depth;
  while (true) {
    std::string op;
    if (here().kind == TokenKind::kOperator &&
        std::find(kOperators.begin(), kOperators.end(), here().text) != kOperators.end()) {
      op = take().text;
    } else if (take_if_name("in")) {
      op = "in";
    } else if (here().is_name("not") && next().is_name("in")) {
      take();
      take();
      op = "not in";
    } else {
      break;
    }
    compare.rest.emplace_back(op, parse_sum());
    below = std::max(below, compare.rest.back().second->depth);
  }
  if (compare.rest.empty()) return first;
  compare.first = std::move(first);
  return make(line, std::move(compare), below);
}

ExprPtr Parser::parse_sum() {
  ExprPtr left = parse_concat();
  while (here().is_operator("+") || here().is_operator("-")) {
    const Token op = take();
    ExprPtr right = parse_concat();
    const int below = deepest({left.get(), right.get()});
    left = make(op.line, Binary{op.text, std::move(left), std::move(right)}, below);
  }
  return left;
}

ExprPtr Parser::parse_concat() {
  ExprPtr first = parse_product();
  if (!here().is_operator("~")) return first;
  const int line = here().line;
  Exprs parts;
  parts.push_back(std::move(first));
  while (take_if_operator("~")) parts.push_back(parse_product());
  const int below = deepest(parts);
  return make(line, Concat{std::move(parts)}, below);
}

ExprPtr Parser::parse_product() {
  const auto is_here = [&] {
    return here().is_operator("*") || here().is_operator("/") || here().is_operator("//") ||
           here().is_operator("%");
  };
  ExprPtr left = parse_power();
  while (is_here()) {
    const Token op = take();
    ExprPtr right = parse_power();
    const int below = deepest({left.get(), right.get()});
    left = make(op.line, Binary{op.text, std::move(left), std::move(right)}, below);
  }
  return left;
}

ExprPtr Parser::parse_power() {
  ExprPtr left = parse_unary(Filters::kAllowed);
  while (here().is_operator("**")) {
    const Token op = take();
    ExprPtr right = parse_unary(Filters::kAllowed);
    const int below = deepest({left.get(), right.get()});
    left = make(op.line, Binary{op.text, std::move(left), std::move(right)}, below);
  }
  return left;
}

ExprPtr Parser::parse_unary(Filters filters) {
  const Nest nest(*this);
  const Token token = here();
  ExprPtr expr;
  if (token.is_operator("-") || token.is_operator("+")) {
    take();
    ExprPtr operand = parse_unary(Filters::kNot);
    const int below = operand->depth;
    const auto op = token.text == "-" ? UnaryOperator::kMinus : UnaryOperator::kPlus;
    expr = make(token.line, Unary{op, std::move(operand)}, below);
  } else {
    expr = parse_primary();
  }
  expr = parse_postfix(std::move(expr));
  return filters == Filters::kAllowed ? parse_filters_and_tests(std::move(expr)) : std::move(expr);
}

ExprPtr Parser::parse_primary() {
  const int line = here().line;
  switch (here().kind) {
    case TokenKind::kName:
      return parse_name();
    case TokenKind::kInteger:
      return make(line, Literal{Value(take().integer)}, 0);
    case TokenKind::kFloat:
      return make(line, Literal{Value(take().number)}, 0);
    case TokenKind::kString: {
      std::string text;
      while (here().kind == TokenKind::kString) text += take().text;
      return make(line, Literal{Value::text(std::move(text))}, 0);
    }
    default:
      break;
  }
  if (here().is_operator("(")) return parse_parenthesis();
  if (here().is_operator("[")) return parse_list();
  if (here().is_operator("{")) return parse_dict();
  fail_here("an expression");
}

ExprPtr Parser::parse_name() {
  const Token token = take();
  const auto& name = token.text;
  if (name == "true" || name == "True") return make(token.line, Literal{Value(true)}, 0);
  if (name == "false" || name == "False") return make(token.line, Literal{Value(false)}, 0);
  if (name == "none" || name == "None") return make(token.line, Literal{Value()}, 0);
  for (Procedure* procedure : procedures_) {
    procedure->uses_caller |= name == "caller";
    procedure->uses_varargs |= name == "varargs";
    procedure->uses_kwargs |= name == "kwargs";
  }
  return make(token.line, Name{name}, 0);
}

ExprPtr Parser::parse_parenthesis() {
  const int line = take().line;
  if (take_if_operator(")")) return make(line, ListLiteral{{}, ListKind::kTuple}, 0);
  ExprPtr inner = parse_tuple();
  expect_operator(")");
  return inner;
}

ExprPtr Parser::parse_list() {
  const int line = take().line;
  Exprs items;
  while (!here().is_operator("]")) {
    if (!items.empty()) expect_operator(",");
    if (here().is_operator("]")) break;
    items.push_back(parse_expression());
  }
  expect_operator("]");
  const int below = deepest(items);
  return make(line, ListLiteral{std::move(items), ListKind::kList}, below);
}

ExprPtr Parser::parse_dict() {
  const int line = take().line;
  DictLiteral dict;
  int below = 0;
  while (!here().is_operator("}")) {
    if (!dict.items.empty()) expect_operator(",");
    if (here().is_operator("}")) break;
    ExprPtr key = parse_expression();
    expect_operator(":");
    ExprPtr value = parse_expression();
    below = std::max({below, key->depth, value->depth});
    dict.items.emplace_back(std::move(key), std::move(value));
  }
  expect_operator("}");
  return make(line, std::move(dict), below);
}

}  // namespace alarm_dist::jinja

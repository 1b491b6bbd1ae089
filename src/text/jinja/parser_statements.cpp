// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "text/jinja/parser_nest.hpp"

namespace alarm_dist::jinja {
namespace {

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::kEnd:
      return "the end of the template";
    case TokenKind::kPrintEnd:
      return "'}}'";
    case TokenKind::kBlockEnd:
      return "'%}'";
    case TokenKind::kInteger:
    case TokenKind::kFloat:
      return "a number";
    case TokenKind::kString:
      return "a string";
    default:
      return "'" + token.text + "'";
  }
}

}  // namespace

Token Parser::take() {
  Token token = here();
  if (place_ + 1 < tokens_.size()) ++place_;
  return token;
}

bool Parser::take_if_name(std::string_view name) {
  if (!here().is_name(name)) return false;
  take();
  return true;
}

bool Parser::take_if_operator(std::string_view name) {
  if (!here().is_operator(name)) return false;
  take();
  return true;
}

void Parser::fail_here(const std::string& expected) const {
  throw Failure(fmt::format("expected {}, found {}", expected, describe(here())), here().line);
}

void Parser::expect_operator(std::string_view name) {
  if (!take_if_operator(name)) fail_here(fmt::format("'{}'", name));
}

void Parser::expect_name(std::string_view name) {
  if (!take_if_name(name)) fail_here(fmt::format("'{}'", name));
}

void Parser::expect(TokenKind kind, std::string_view what) {
  if (here().kind != kind) fail_here(std::string(what));
  take();
}

std::string Parser::expect_any_name() {
  if (here().kind != TokenKind::kName) fail_here("a name");
  return take().text;
}

Body Parser::parse() {
  loops_.push_back(0);
  Body body = parse_body({});
  if (here().kind != TokenKind::kEnd) fail_here("the end of the template");
  return body;
}

Body Parser::parse_body(Ends ends) {
  const Nest nest(*this);
  Body body;
  while (here().kind != TokenKind::kEnd) {
    const Token token = take();
    if (token.kind == TokenKind::kData) {
      body.push_back({token.line, Data{token.text}});
    } else if (token.kind == TokenKind::kPrintBegin) {
      body.push_back({token.line, Print{parse_tuple()}});
      expect(TokenKind::kPrintEnd, "'}}'");
    } else {
      const auto is_here = [&](std::string_view name) { return here().is_name(name); };
      if (std::any_of(ends.begin(), ends.end(), is_here)) return body;
      parse_statement(body);
      expect(TokenKind::kBlockEnd, "'%}'");
    }
  }
  if (ends.size() > 0) fail_here(fmt::format("{{% {} %}}", fmt::join(ends, " or ")));
  return body;
}

Body Parser::parse_block(Ends ends) {
  take_if_operator(":");
  expect(TokenKind::kBlockEnd, "'%}'");
  return parse_body(ends);
}

void Parser::close(std::string_view end) { expect_name(end); }

void Parser::parse_statement(Body& body) {
  const int line = here().line;
  const std::string tag = expect_any_name();
  const auto parsed = [&]() -> Stmt::Node {
    if (tag == "if") return parse_if();
    if (tag == "for") return parse_for();
    if (tag == "set") return parse_set();
    if (tag == "with") return parse_with();
    if (tag == "macro") return parse_macro();
    if (tag == "call") return parse_call_block();
    if (tag == "filter") return parse_filter_block();
    if (tag == "generation") return parse_generation();
    if (tag == "break") return parse_loop_control(Break{}, tag);
    if (tag == "continue") return parse_loop_control(Continue{}, tag);
    throw Failure(fmt::format("the statement {{% {} %}} is not supported", tag), line);
  };
  if (tag != "print") {
    body.push_back({line, parsed()});
    return;
  }
  do body.push_back({line, Print{parse_expression()}});
  while (take_if_operator(","));
}

Stmt::Node Parser::parse_for() {
  For loop;
  loop.target = parse_target(false);
  expect_name("in");
  loop.items = parse_tuple(Ternary::kNot);
  if (take_if_name("if")) loop.condition = parse_expression();
  if (here().is_name("recursive")) {
    throw Failure("{% for ... recursive %} is not supported", here().line);
  }
  ++loops_.back();
  loop.body = parse_block({"endfor", "else"});
  --loops_.back();
  if (take_if_name("else")) loop.otherwise = parse_block({"endfor"});
  close("endfor");
  return loop;
}

Stmt::Node Parser::parse_if() {
  If branch;
  do {
    ExprPtr test = parse_tuple(Ternary::kNot);
    branch.branches.emplace_back(std::move(test), parse_block({"elif", "else", "endif"}));
  } while (take_if_name("elif"));
  if (take_if_name("else")) branch.otherwise = parse_block({"endif"});
  close("endif");
  return branch;
}

Stmt::Node Parser::parse_set() {
  Target target = parse_target(true);
  if (take_if_operator("=")) return Set{std::move(target), parse_tuple()};
  SetBlock block{.target = std::move(target), .filter = nullptr, .body = {}};
  if (take_if_operator("|")) block.filter = parse_filters(nullptr);
  block.body = parse_block({"endset"});
  close("endset");
  return block;
}

Stmt::Node Parser::parse_with() {
  With with;
  while (here().kind != TokenKind::kBlockEnd) {
    if (!with.variables.empty()) expect_operator(",");
    Target target = parse_target(false);
    expect_operator("=");
    with.variables.emplace_back(std::move(target), parse_expression());
  }
  with.body = parse_block({"endwith"});
  close("endwith");
  return with;
}

// break and continue do not reach out of a macro.
Body Parser::parse_procedure_body(Procedure& procedure, std::string_view end) {
  procedures_.push_back(&procedure);
  loops_.push_back(0);
  Body body = parse_block({end});
  loops_.pop_back();
  procedures_.pop_back();
  close(end);
  return body;
}

Stmt::Node Parser::parse_macro() {
  auto procedure = std::make_shared<Procedure>();
  procedure->name = expect_any_name();
  procedure->parameters = parse_parameters();
  procedure->body = parse_procedure_body(*procedure, "endmacro");
  return MacroDefinition{std::move(procedure)};
}

Stmt::Node Parser::parse_call_block() {
  auto caller = std::make_shared<Procedure>();
  caller->name = "caller";
  if (here().is_operator("(")) caller->parameters = parse_parameters();
  ExprPtr call = parse_expression();
  if (!std::holds_alternative<Call>(call->node)) fail_here("a call behind {% call");
  caller->body = parse_procedure_body(*caller, "endcall");
  return CallBlock{std::move(caller), std::move(call)};
}

std::vector<Parameter> Parser::parse_parameters() {
  std::vector<Parameter> parameters;
  expect_operator("(");
  while (!here().is_operator(")")) {
    if (!parameters.empty()) expect_operator(",");
    Parameter parameter{.name = expect_any_name(), .fallback = nullptr};
    if (take_if_operator("=")) {
      parameter.fallback = parse_expression();
    } else if (!parameters.empty() && parameters.back().fallback) {
      fail_here(fmt::format("a default for the parameter '{}'", parameter.name));
    }
    parameters.push_back(std::move(parameter));
  }
  expect_operator(")");
  return parameters;
}

Stmt::Node Parser::parse_filter_block() {
  FilterBlock block{.filter = parse_filters(nullptr), .body = {}};
  block.body = parse_block({"endfilter"});
  close("endfilter");
  return block;
}

Stmt::Node Parser::parse_generation() {
  Generation generation;
  loops_.push_back(0);
  generation.body = parse_block({"endgeneration"});
  loops_.pop_back();
  close("endgeneration");
  return generation;
}

Stmt::Node Parser::parse_loop_control(Stmt::Node node, std::string_view name) {
  if (loops_.back() == 0) fail_here(fmt::format("{{% {} %}} within a for", name));
  return node;
}

Target Parser::parse_target(bool with_attribute) {
  Target first = parse_one_target(with_attribute);
  if (!here().is_operator(",")) return first;
  Target tuple;
  tuple.items.push_back(std::move(first));
  while (take_if_operator(",")) {
    if (here().kind != TokenKind::kName && !here().is_operator("(")) break;
    if (here().is_name("in")) break;
    tuple.items.push_back(parse_one_target(with_attribute));
  }
  return tuple;
}

Target Parser::parse_one_target(bool with_attribute) {
  const Nest nest(*this);
  if (take_if_operator("(")) {
    Target inner = parse_target(false);
    expect_operator(")");
    return inner;
  }
  Target target;
  target.name = expect_any_name();
  if (with_attribute && take_if_operator(".")) target.attribute = expect_any_name();
  return target;
}

}  // namespace alarm_dist::jinja

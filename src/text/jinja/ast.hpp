// SPDX-License-Identifier: Apache-2.0
// A template's syntax tree.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "text/jinja/value.hpp"

namespace alarm_dist::jinja {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;
using Exprs = std::vector<ExprPtr>;

struct ArgumentList {
  Exprs positional;
  std::vector<std::pair<std::string, ExprPtr>> keywords;
  ExprPtr spread;           // *list; may be null
  ExprPtr spread_keywords;  // **mapping; may be null
};

struct Literal {
  Value value;
};
struct Name {
  std::string name;
};
struct ListLiteral {
  Exprs items;
  ListKind kind;
};
struct DictLiteral {
  std::vector<std::pair<ExprPtr, ExprPtr>> items;
};
struct Attribute {
  ExprPtr object;
  std::string name;
};
struct Item {
  ExprPtr object;
  ExprPtr index;
};
struct Slice {  // of Item; each may be null
  ExprPtr begin, end, step;
};
struct Call {
  ExprPtr callee;
  ArgumentList arguments;
};
struct FilterCall {
  ExprPtr input;  // null: the body of the block that it filters
  std::string name;
  ArgumentList arguments;
};
struct TestCall {
  ExprPtr input;
  std::string name;
  ArgumentList arguments;
};
enum class UnaryOperator { kNot, kMinus, kPlus };
struct Unary {
  UnaryOperator op;
  ExprPtr operand;
};
struct Binary {
  std::string op;  // + - * / // % **
  ExprPtr left, right;
};
struct Compare {  // a < b <= c
  ExprPtr first;
  std::vector<std::pair<std::string, ExprPtr>> rest;  // "in" and "not in" among them
};
struct AndOr {
  bool is_and;
  Exprs operands;
};
struct Concat {
  Exprs parts;
};
struct Conditional {
  ExprPtr test, yes, no;  // no may be null
};

struct Expr {
  using Node =
      std::variant<Literal, Name, ListLiteral, DictLiteral, Attribute, Item, Slice, Call,
                   FilterCall, TestCall, Unary, Binary, Compare, AndOr, Concat, Conditional>;
  int line = 0;
  int depth = 1;  // of nodes, bounded by the parser
  Node node;
};

struct Stmt;
using Body = std::vector<Stmt>;

// x, namespace.x, or several of them.
struct Target {
  std::string name;
  std::string attribute;      // empty: a variable
  std::vector<Target> items;  // a tuple, if any
};

struct Parameter {
  std::string name;
  ExprPtr fallback;  // may be null
};
// What a macro or a call block's body is, once defined.
struct Procedure {
  std::string name;
  std::vector<Parameter> parameters;
  Body body;
  bool uses_caller = false;
  bool uses_varargs = false;
  bool uses_kwargs = false;
};

struct Data {
  std::string text;
};
struct Print {
  ExprPtr value;
};
struct Set {
  Target target;
  ExprPtr value;
};
struct SetBlock {
  Target target;
  ExprPtr filter;  // may be null
  Body body;
};
struct For {
  Target target;
  ExprPtr items;
  ExprPtr condition;  // may be null
  Body body;
  Body otherwise;
};
struct If {
  std::vector<std::pair<ExprPtr, Body>> branches;
  Body otherwise;
};
struct With {
  std::vector<std::pair<Target, ExprPtr>> variables;
  Body body;
};
struct MacroDefinition {
  std::shared_ptr<const Procedure> procedure;
};
struct CallBlock {
  std::shared_ptr<const Procedure> caller;
  ExprPtr call;
};
struct FilterBlock {
  ExprPtr filter;
  Body body;
};
struct Generation {  // {% generation %}: marks what the assistant wrote; rendered as it is
  Body body;
};
struct Break {};
struct Continue {};

struct Stmt {
  using Node = std::variant<Data, Print, Set, SetBlock, For, If, With, MacroDefinition, CallBlock,
                            FilterBlock, Generation, Break, Continue>;
  int line = 0;
  Node node;
};

}  // namespace alarm_dist::jinja

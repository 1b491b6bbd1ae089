// SPDX-License-Identifier: Apache-2.0
// Runs a syntax tree: one evaluator for one rendering.
#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "text/jinja/ast.hpp"
#include "text/jinja/budget.hpp"

namespace alarm_dist::jinja {

// Variables of a block; what it lacks is looked up outwards. A macro keeps the scope in which it
// was defined, loosely: it cannot outlive it.
struct Scope {
  std::shared_ptr<Scope> outer;
  std::map<std::string, Value, std::less<>> variables;
};
using ScopePtr = std::shared_ptr<Scope>;

class Evaluator {
 public:
  Evaluator(Budget& budget, std::map<std::string, Value, std::less<>> variables, std::time_t now);
  ~Evaluator();
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  std::string render(const Body& body);  // throws Failure
  int line() const { return line_; }     // of what was evaluated last, for the message

  Value make_namespace(const Arguments& arguments);

 private:
  enum class Flow { kNext, kBreak, kContinue };

  // Statements (evaluator_statements.cpp). Text goes to the end of out.
  Flow run(const Body& body, std::string& out);
  Flow run_statement(const Stmt& statement, std::string& out);
  Flow execute(const Data& data, std::string& out);
  Flow execute(const Print& print, std::string& out);
  Flow execute(const Set& set, std::string& out);
  Flow execute(const SetBlock& block, std::string& out);
  Flow execute(const For& loop, std::string& out);
  Flow execute(const If& branch, std::string& out);
  Flow execute(const With& with, std::string& out);
  Flow execute(const MacroDefinition& macro, std::string& out);
  Flow execute(const CallBlock& block, std::string& out);
  Flow execute(const FilterBlock& block, std::string& out);
  Flow execute(const Generation& generation, std::string& out);
  Flow execute(const Break& statement, std::string& out);
  Flow execute(const Continue& statement, std::string& out);
  Values loop_items(const For& loop);
  std::string run_apart(const Body& body);  // in a scope of its own
  void append(std::string& out, const std::string& text);
  void assign(const Target& target, const Value& value);

  // Procedures (evaluator_statements.cpp).
  Value define(std::shared_ptr<const Procedure> procedure);
  Value invoke(const Procedure& procedure, const ScopePtr& scope, const Arguments& arguments);
  using Keywords = decltype(Arguments::keywords);
  static std::optional<Value> take(Keywords& keywords, const std::string& name);
  void bind_parameters(const Procedure& procedure, const Values& positional, Keywords& keywords);
  void bind_rest(const Procedure& procedure, const Values& positional, Keywords& keywords);

  // Expressions (evaluator_expressions.cpp).
  Value evaluate(const Expr& expr);
  Value visit(const Literal& node);
  Value visit(const Name& node);
  Value visit(const ListLiteral& node);
  Value visit(const DictLiteral& node);
  Value visit(const Attribute& node);
  Value visit(const Item& node);
  Value visit(const Slice& node);
  Value visit(const Call& node);
  Value visit(const FilterCall& node);
  Value visit(const TestCall& node);
  Value visit(const Unary& node);
  Value visit(const Binary& node);
  Value visit(const Compare& node);
  Value visit(const AndOr& node);
  Value visit(const Concat& node);
  Value visit(const Conditional& node);
  Arguments evaluate_arguments(const ArgumentList& list);
  Value call(const Call& node, const Value* caller);
  Value filtered(const Expr& filter, const Value& block_text);

  Budget& budget_;
  ScopePtr scope_;
  std::map<std::string, Value, std::less<>> globals_;
  // All that were made: they may refer to each other in rings, which are cut at the end.
  std::vector<std::shared_ptr<Namespace>> namespaces_;
  const Value* block_text_ = nullptr;  // what the filter of a block works on
  int line_ = 0;
};

}  // namespace alarm_dist::jinja

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "text/jinja/evaluator.hpp"
#include "text/jinja/filters.hpp"
#include "text/jinja/operations.hpp"
#include "text/jinja/tests.hpp"

namespace alarm_dist::jinja {

Value Evaluator::evaluate(const Expr& expr) {
  const Budget::Level level(budget_);
  budget_.work(1);
  // Not put back by an exception: the message names where it came from.
  const int outer_line = line_;
  line_ = expr.line;
  Value value = std::visit([&](const auto& node) { return visit(node); }, expr.node);
  line_ = outer_line;
  return value;
}

Value Evaluator::visit(const Literal& node) { return node.value; }

Value Evaluator::visit(const Name& node) {
  for (const Scope* scope = scope_.get(); scope != nullptr; scope = scope->outer.get()) {
    const auto found = scope->variables.find(node.name);
    if (found != scope->variables.end()) return found->second;
  }
  const auto found = globals_.find(node.name);
  if (found != globals_.end()) return found->second;
  return Value::undefined("'" + node.name + "' is undefined");
}

Value Evaluator::visit(const ListLiteral& node) {
  Values items;
  for (const auto& item : node.items) items.push_back(evaluate(*item));
  return make_list(std::move(items), node.kind);
}

Value Evaluator::visit(const DictLiteral& node) {
  Dict dict;
  for (const auto& [key, value] : node.items) {
    Value evaluated_key = evaluate(*key);
    dict.set(budget_, std::move(evaluated_key), evaluate(*value));
  }
  return make_dict(std::move(dict));
}

Value Evaluator::visit(const Attribute& node) {
  return attribute(budget_, evaluate(*node.object), node.name);
}

Value Evaluator::visit(const Item& node) {
  const Value object = evaluate(*node.object);
  const auto* range = std::get_if<Slice>(&node.index->node);
  if (range == nullptr) return item(budget_, object, evaluate(*node.index));
  const auto bound = [&](const ExprPtr& expr) { return expr ? evaluate(*expr) : Value(); };
  const Value begin = bound(range->begin);
  const Value end = bound(range->end);
  const Value step = bound(range->step);
  return slice(budget_, object, &begin, &end, &step);
}

Value Evaluator::visit(const Slice&) { fail("a slice outside of a subscript"); }

Value Evaluator::visit(const Call& node) { return call(node, nullptr); }

Value Evaluator::call(const Call& node, const Value* caller) {
  const Value callee = evaluate(*node.callee);
  Arguments arguments = evaluate_arguments(node.arguments);
  if (caller != nullptr) arguments.keywords.emplace_back("caller", *caller);
  if (callee.is<Undefined>()) refuse_undefined(callee);
  if (!callee.is<std::shared_ptr<const Function>>()) {
    fail("'{}' object is not callable", callee.type_name());
  }
  return callee.as<std::shared_ptr<const Function>>()->call(arguments);
}

Arguments Evaluator::evaluate_arguments(const ArgumentList& list) {
  Arguments arguments;
  for (const auto& value : list.positional) arguments.positional.push_back(evaluate(*value));
  if (list.spread) {
    for (Value& value : iterate(budget_, evaluate(*list.spread))) {
      arguments.positional.push_back(std::move(value));
    }
  }
  for (const auto& [name, value] : list.keywords) {
    arguments.keywords.emplace_back(name, evaluate(*value));
  }
  if (list.spread_keywords) {
    const Value mapping = evaluate(*list.spread_keywords);
    if (mapping.dict() == nullptr) fail("argument after ** must be a mapping");
    for (const auto& [key, value] : mapping.dict()->items()) {
      const std::string& name = want_text(key, "a keyword");
      budget_.text(name.size());
      arguments.keywords.emplace_back(name, value);
    }
  }
  return arguments;
}

Value Evaluator::visit(const FilterCall& node) {
  const Value input = node.input ? evaluate(*node.input) : *block_text_;
  return apply_filter(budget_, node.name, input, evaluate_arguments(node.arguments));
}

Value Evaluator::filtered(const Expr& filter, const Value& block_text) {
  const Value* outer = block_text_;
  block_text_ = &block_text;
  Value value = evaluate(filter);
  block_text_ = outer;
  return value;
}

Value Evaluator::visit(const TestCall& node) {
  const Value input = evaluate(*node.input);
  return Value(apply_test(budget_, node.name, input, evaluate_arguments(node.arguments)));
}

Value Evaluator::visit(const Unary& node) {
  const Value operand = evaluate(*node.operand);
  if (node.op == UnaryOperator::kNot) return Value(!truth(operand));
  return node.op == UnaryOperator::kMinus ? negative(operand) : positive(operand);
}

Value Evaluator::visit(const Binary& node) {
  const Value left = evaluate(*node.left);
  return binary(budget_, node.op, left, evaluate(*node.right));
}

Value Evaluator::visit(const Compare& node) {
  Value left = evaluate(*node.first);
  for (const auto& [op, operand] : node.rest) {
    Value right = evaluate(*operand);
    if (!compare(budget_, op, left, right)) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

// The value of the operand that decides, as in Python.
Value Evaluator::visit(const AndOr& node) {
  for (std::size_t i = 0; i + 1 < node.operands.size(); ++i) {
    Value value = evaluate(*node.operands[i]);
    if (truth(value) != node.is_and) return value;
  }
  return evaluate(*node.operands.back());
}

Value Evaluator::visit(const Concat& node) {
  std::string text;
  for (const auto& part : node.parts) {
    text += to_text(budget_, evaluate(*part));
    budget_.size(text.size());
  }
  return Value::text(std::move(text));
}

Value Evaluator::visit(const Conditional& node) {
  if (truth(evaluate(*node.test))) return evaluate(*node.yes);
  if (node.no) return evaluate(*node.no);
  return Value::undefined(
      "the inline if-expression evaluated to false and no else section was defined");
}

}  // namespace alarm_dist::jinja

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "text/jinja/evaluator.hpp"
#include "text/jinja/globals.hpp"
#include "text/jinja/operations.hpp"

namespace alarm_dist::jinja {
namespace {

// A scope that is the innermost one while it lives.
class Within {
 public:
  Within(ScopePtr& current, ScopePtr outer) : current_(current), before_(current) {
    current_ = std::make_shared<Scope>();
    current_->outer = std::move(outer);
  }
  ~Within() { current_ = before_; }
  Within(const Within&) = delete;
  Within& operator=(const Within&) = delete;

 private:
  ScopePtr& current_;
  ScopePtr before_;
};

// What loop.changed() keeps may be the loop itself.
class LoopEnd {
 public:
  explicit LoopEnd(Loop& loop) : loop_(loop) {}
  ~LoopEnd() { loop_.seen.clear(); }
  LoopEnd(const LoopEnd&) = delete;
  LoopEnd& operator=(const LoopEnd&) = delete;

 private:
  Loop& loop_;
};

}  // namespace

Evaluator::Evaluator(Budget& budget, std::map<std::string, Value, std::less<>> variables,
                     std::time_t now)
    : budget_(budget), scope_(std::make_shared<Scope>()) {
  scope_->variables = std::move(variables);
  globals_ = make_globals(budget, now,
                          [this](const Arguments& arguments) { return make_namespace(arguments); });
}

Evaluator::~Evaluator() {
  for (const auto& names : namespaces_) names->attributes = Dict();
}

std::string Evaluator::render(const Body& body) {
  std::string out;
  run(body, out);
  return out;
}

Value Evaluator::make_namespace(const Arguments& arguments) {
  constexpr std::size_t kMaxNamespaces = 10'000;
  if (namespaces_.size() == kMaxNamespaces) fail("more than {} namespaces", kMaxNamespaces);
  auto names = std::make_shared<Namespace>();
  const Dict given = dict_of(budget_, arguments);
  for (const auto& [key, value] : given.items()) {
    const auto& name = want_text(key, "the name of a namespace's attribute");
    if (name.starts_with('_')) fail("the namespace attribute '{}' begins with an underscore", name);
    names->attributes.set(budget_, key, value);
  }
  namespaces_.push_back(names);
  return Value(names);
}

Evaluator::Flow Evaluator::run(const Body& body, std::string& out) {
  for (const Stmt& statement : body) {
    const Flow flow = run_statement(statement, out);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Evaluator::Flow Evaluator::run_statement(const Stmt& statement, std::string& out) {
  const Budget::Level level(budget_);
  budget_.work(1);
  line_ = statement.line;
  return std::visit([&](const auto& node) { return execute(node, out); }, statement.node);
}

std::string Evaluator::run_apart(const Body& body) {
  const Within within(scope_, scope_);
  std::string out;
  run(body, out);
  return out;
}

void Evaluator::append(std::string& out, const std::string& text) {
  budget_.size(out.size() + text.size());
  budget_.text(text.size());
  out += text;
}

Evaluator::Flow Evaluator::execute(const Data& data, std::string& out) {
  append(out, data.text);
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const Print& print, std::string& out) {
  append(out, to_text(budget_, evaluate(*print.value)));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const Set& set, std::string&) {
  assign(set.target, evaluate(*set.value));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const SetBlock& block, std::string&) {
  Value value = Value::text(run_apart(block.body));
  if (block.filter) value = filtered(*block.filter, value);
  assign(block.target, value);
  return Flow::kNext;
}

void Evaluator::assign(const Target& target, const Value& value) {
  if (!target.items.empty()) {
    const Values values = iterate(budget_, value);
    if (values.size() != target.items.size()) {
      fail("{} values to unpack, {} expected", values.size(), target.items.size());
    }
    for (std::size_t i = 0; i < values.size(); ++i) assign(target.items[i], values[i]);
    return;
  }
  if (target.attribute.empty()) {
    scope_->variables[target.name] = value;
    return;
  }
  const Value object = visit(Name{target.name});
  if (!object.is<std::shared_ptr<Namespace>>()) {
    fail("cannot assign the attribute '{}' of '{}': it is no namespace", target.attribute,
         target.name);
  }
  if (target.attribute.starts_with('_')) {
    fail("the namespace attribute '{}' begins with an underscore", target.attribute);
  }
  object.as<std::shared_ptr<Namespace>>()->attributes.set(budget_, Value::text(target.attribute),
                                                          value);
}

// Those that the condition lets pass.
Values Evaluator::loop_items(const For& loop) {
  Values items = iterate(budget_, evaluate(*loop.items));
  if (!loop.condition) return items;
  Values kept;
  for (Value& item : items) {
    const Within within(scope_, scope_);
    assign(loop.target, item);
    if (truth(evaluate(*loop.condition))) kept.push_back(std::move(item));
  }
  return kept;
}

Evaluator::Flow Evaluator::execute(const For& loop, std::string& out) {
  const auto state = std::make_shared<Loop>();
  const LoopEnd end(*state);
  state->items = loop_items(loop);
  const std::size_t size = state->items.size();
  for (std::size_t i = 0; i < size; ++i) {
    const Within within(scope_, scope_);
    state->index0 = i;
    assign(loop.target, state->items[i]);
    scope_->variables["loop"] = Value(state);
    if (run(loop.body, out) == Flow::kBreak) break;
  }
  if (size == 0) {
    const Within within(scope_, scope_);
    return run(loop.otherwise, out);
  }
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const If& branch, std::string& out) {
  for (const auto& [test, body] : branch.branches) {
    if (truth(evaluate(*test))) return run(body, out);
  }
  return run(branch.otherwise, out);
}

Evaluator::Flow Evaluator::execute(const With& with, std::string& out) {
  Values values;
  for (const auto& [target, value] : with.variables) values.push_back(evaluate(*value));
  const Within within(scope_, scope_);
  for (std::size_t i = 0; i < values.size(); ++i) assign(with.variables[i].first, values[i]);
  return run(with.body, out);
}

Evaluator::Flow Evaluator::execute(const MacroDefinition& macro, std::string&) {
  scope_->variables[macro.procedure->name] = define(macro.procedure);
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const CallBlock& block, std::string& out) {
  const Value caller = define(block.caller);
  append(out, to_text(budget_, call(std::get<Call>(block.call->node), &caller)));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const FilterBlock& block, std::string& out) {
  const Value text = Value::text(run_apart(block.body));
  append(out, to_text(budget_, filtered(*block.filter, text)));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const Generation& generation, std::string& out) {
  append(out, run_apart(generation.body));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const Break&, std::string&) { return Flow::kBreak; }
Evaluator::Flow Evaluator::execute(const Continue&, std::string&) { return Flow::kContinue; }

Value Evaluator::define(std::shared_ptr<const Procedure> procedure) {
  const std::weak_ptr<Scope> scope = scope_;
  return Value(std::make_shared<const Function>(
      Function{procedure->name, [this, procedure, scope](const Arguments& arguments) {
                 const ScopePtr held = scope.lock();
                 if (!held)
                   fail("the macro '{}' is called outside of where it is defined", procedure->name);
                 return invoke(*procedure, held, arguments);
               }}));
}

Value Evaluator::invoke(const Procedure& procedure, const ScopePtr& scope,
                        const Arguments& arguments) {
  const Budget::Level level(budget_);
  const int outer_line = line_;
  const Within within(scope_, scope);
  Keywords keywords = arguments.keywords;
  bind_parameters(procedure, arguments.positional, keywords);
  bind_rest(procedure, arguments.positional, keywords);
  std::string out;
  run(procedure.body, out);
  line_ = outer_line;
  return Value::text(std::move(out));
}

std::optional<Value> Evaluator::take(Keywords& keywords, const std::string& name) {
  const auto found = std::find_if(keywords.begin(), keywords.end(),
                                  [&](const auto& given) { return given.first == name; });
  if (found == keywords.end()) return {};
  Value value = std::move(found->second);
  keywords.erase(found);
  return value;
}

// Defaults are evaluated in the macro's own scope, behind the arguments that were given.
void Evaluator::bind_parameters(const Procedure& procedure, const Values& positional,
                                Keywords& keywords) {
  auto& variables = scope_->variables;
  std::vector<const Parameter*> missing;
  for (std::size_t i = 0; i < procedure.parameters.size(); ++i) {
    const Parameter& parameter = procedure.parameters[i];
    budget_.work(keywords.size() + 1);
    if (i < positional.size()) {
      variables[parameter.name] = positional[i];
    } else if (const auto value = take(keywords, parameter.name)) {
      variables[parameter.name] = *value;
    } else {
      missing.push_back(&parameter);
    }
  }
  for (const Parameter* parameter : missing) {
    variables[parameter->name] =
        parameter->fallback
            ? evaluate(*parameter->fallback)
            : Value::undefined("parameter '" + parameter->name + "' was not provided");
  }
}

// caller, varargs and kwargs, for macros that read them.
void Evaluator::bind_rest(const Procedure& procedure, const Values& positional,
                          Keywords& keywords) {
  auto& variables = scope_->variables;
  if (procedure.uses_caller && !variables.contains("caller")) {
    variables["caller"] = take(keywords, "caller").value_or(Value::undefined("No caller defined"));
  }
  const std::size_t taken = std::min(positional.size(), procedure.parameters.size());
  if (procedure.uses_varargs) {
    const auto begin = positional.begin() + static_cast<std::ptrdiff_t>(taken);
    variables["varargs"] = make_list({begin, positional.end()}, ListKind::kTuple);
  } else if (positional.size() > taken) {
    fail("macro '{}' takes not more than {} arguments, {} given", procedure.name, taken,
         positional.size());
  }
  if (procedure.uses_kwargs) {
    Dict rest;
    for (const auto& [name, value] : keywords) rest.set(budget_, Value::text(name), value);
    variables["kwargs"] = make_dict(std::move(rest));
  } else if (!keywords.empty()) {
    fail("macro '{}' takes no keyword argument '{}'", procedure.name, keywords.front().first);
  }
}

}  // namespace alarm_dist::jinja

// SPDX-License-Identifier: Apache-2.0
// The depth of the deepest of several expressions; null ones have none.
#pragma once

#include <algorithm>
#include <initializer_list>

#include "text/jinja/ast.hpp"

namespace alarm_dist::jinja {

inline int deepest(const Exprs& exprs) {
  int depth = 0;
  for (const auto& expr : exprs) depth = std::max(depth, expr->depth);
  return depth;
}

inline int deepest(std::initializer_list<const Expr*> exprs) {
  int depth = 0;
  for (const Expr* expr : exprs) depth = std::max(depth, expr == nullptr ? 0 : expr->depth);
  return depth;
}

inline int deepest(const ArgumentList& arguments) {
  int depth = std::max(deepest(arguments.positional),
                       deepest({arguments.spread.get(), arguments.spread_keywords.get()}));
  for (const auto& [name, value] : arguments.keywords) depth = std::max(depth, value->depth);
  return depth;
}

}  // namespace alarm_dist::jinja

// SPDX-License-Identifier: Apache-2.0
// The tagged unions of a tokenizer.json: a table from the name of a kind to what stands for it.
#pragma once

#include <algorithm>
#include <array>
#include <string>

#include "text/json_field.hpp"

namespace alarm_dist {

template <typename Value>
struct Kind {
  const char* name;
  Value value;
};

// The entry of that name. Throws Error that names file, key, kind and the supported ones; `what`
// says what it is a kind of ("normalizer").
template <typename Value, std::size_t N>
Value find_named(const JsonField& field, const std::string& name, const char* what,
                 const std::array<Kind<Value>, N>& kinds) {
  const auto found = std::find_if(kinds.begin(), kinds.end(),
                                  [&](const Kind<Value>& kind) { return name == kind.name; });
  if (found != kinds.end()) return found->value;
  std::string names;
  for (const auto& kind : kinds) names += (names.empty() ? "" : ", ") + std::string(kind.name);
  field.refuse(fmt::format("{} \"{}\"", what, name), names);
}

// ... of the field's "type".
template <typename Value, std::size_t N>
Value find_kind(const JsonField& field, const char* what, const std::array<Kind<Value>, N>& kinds) {
  return find_named(field, field.type(), what, kinds);
}

}  // namespace alarm_dist

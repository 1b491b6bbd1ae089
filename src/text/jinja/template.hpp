// SPDX-License-Identifier: Apache-2.0
// A Jinja2 template: the subset that published chat templates use, with the settings that
// transformers gives it (trim_blocks, lstrip_blocks, loop controls, immutable values, its tojson).
//
// Const after construction. A template is hostile until it has ended: time, memory and recursion
// are bounded (budget.hpp).
#pragma once

#include <ctime>
#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "text/jinja/budget.hpp"

namespace alarm_dist::jinja {

class Template {
 public:
  // `name` stands in messages. Throws Error "name:line: what" for a syntax error or a construct
  // that is not supported.
  Template(std::string source, std::string name);
  ~Template();
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;

  // `variables` is an object. Throws Error "name:line: what".
  std::string render(const nlohmann::ordered_json& variables, std::time_t now,
                     const Limits& limits = {}) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alarm_dist::jinja

// SPDX-License-Identifier: Apache-2.0
// What goes wrong inside of a template. Thrown without a place: the template that is parsed or
// rendered adds its name and line and makes an alarm_dist::Error of it.
#pragma once

#include <stdexcept>
#include <string>

#include <fmt/format.h>

namespace alarm_dist::jinja {

class Failure : public std::runtime_error {
 public:
  explicit Failure(const std::string& message, int line = 0)
      : std::runtime_error(message), line_(line) {}
  int line() const { return line_; }  // 0: where the evaluation stands

 private:
  int line_;
};

// A key that Python cannot hash.
class Unhashable : public Failure {
 public:
  using Failure::Failure;
};

template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) {
  throw Failure(fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace alarm_dist::jinja

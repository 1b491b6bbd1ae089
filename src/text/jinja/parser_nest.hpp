// SPDX-License-Identifier: Apache-2.0
// The bound on the parser's recursion.
#pragma once

#include "text/jinja/failure.hpp"
#include "text/jinja/parser.hpp"

namespace alarm_dist::jinja {

class Parser::Nest {
 public:
  explicit Nest(Parser& parser) : parser_(parser) {
    constexpr int kMaxNesting = 200;
    if (parser_.nesting_ >= kMaxNesting) {
      throw Failure(fmt::format("nesting deeper than {} levels", kMaxNesting), parser_.here().line);
    }
    ++parser_.nesting_;
  }
  ~Nest() { --parser_.nesting_; }
  Nest(const Nest&) = delete;
  Nest& operator=(const Nest&) = delete;

 private:
  Parser& parser_;
};

}  // namespace alarm_dist::jinja

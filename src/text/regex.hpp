// SPDX-License-Identifier: Apache-2.0
// The regular expressions of tokenizer.json files (Oniguruma syntax), compiled with PCRE2.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {

// Const after construction and safe to share between threads.
class Regex {
 public:
  explicit Regex(const std::string& pattern);  // throws Error with the place of the mistake
  ~Regex();
  Regex(Regex&& other) noexcept;
  Regex& operator=(Regex&& other) noexcept;

  // Byte ranges of the matches, left to right; an empty one only where none ends. The text must be
  // well-formed UTF-8.
  std::vector<Span> find_all(std::string_view text) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// The one exception type of the program and the checks that throw it.
//
// ALARM_CHECK is for what input can cause (users, files, shapes, peers) and is always on; assert is
// for what no input can reach. Errors are caught in main only, which logs them with the rank and
// aborts the job: a rank that merely returned would leave its peers waiting.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

namespace alarm_dist {

// What the process should exit with when the error reaches main (DESIGN 5).
enum class ExitCode { kDone = 0, kFailure = 1, kUsage = 2, kPeerFailed = 3 };

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, ExitCode code = ExitCode::kFailure,
                 std::source_location where = std::source_location::current());

  ExitCode code() const { return code_; }
  const std::source_location& where() const { return where_; }

 private:
  ExitCode code_;
  std::source_location where_;
};

// A mistake in the command line, the config or the data: the message is all the user needs, exit
// code 2.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message,
                      std::source_location where = std::source_location::current())
      : Error(message, ExitCode::kUsage, where) {}
};

namespace detail {
[[noreturn]] void fail_check(const char* condition, const std::string& message,
                             std::source_location where);
}  // namespace detail

}  // namespace alarm_dist

// Throws alarm_dist::Error with the formatted message unless the condition holds. Say what was
// expected and what came.
#define ALARM_CHECK(condition, ...)                                            \
  do {                                                                         \
    if (!(condition)) [[unlikely]] {                                           \
      ::alarm_dist::detail::fail_check(#condition, ::fmt::format(__VA_ARGS__), \
                                       std::source_location::current());       \
    }                                                                          \
  } while (false)

// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/error.hpp"

namespace alarm_dist {

Error::Error(const std::string& message, ExitCode code, std::source_location where)
    : std::runtime_error(message), code_(code), where_(where) {}

namespace detail {

void fail_check(const char* /*condition*/, const std::string& message, std::source_location where) {
  throw Error(message, ExitCode::kFailure, where);
}

}  // namespace detail
}  // namespace alarm_dist

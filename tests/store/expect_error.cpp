// SPDX-License-Identifier: Apache-2.0
#include "store/expect_error.hpp"

#include <gmock/gmock.h>

#include "alarm/base/error.hpp"

namespace alarm_dist::testing {

void expect_error(const std::function<void()>& action, const std::vector<std::string>& parts) {
  try {
    action();
  } catch (const Error& error) {
    for (const auto& part : parts) EXPECT_THAT(error.what(), ::testing::HasSubstr(part));
    return;
  }
  ADD_FAILURE() << "no Error was thrown";
}

}  // namespace alarm_dist::testing

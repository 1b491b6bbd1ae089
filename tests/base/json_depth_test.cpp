// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/json_depth.hpp"

#include <string>

#include <gtest/gtest.h>

namespace alarm_dist {
namespace {

std::string nested(int levels) { return std::string(static_cast<std::size_t>(levels), '['); }

TEST(JsonDepth, CountsContainersOutsideOfStrings) {
  EXPECT_FALSE(is_too_deep(nested(kDeepestJson)));
  EXPECT_TRUE(is_too_deep(nested(kDeepestJson + 1)));
  EXPECT_FALSE(is_too_deep("{\"text\": \"" + nested(1000) + "\"}"));
  EXPECT_FALSE(is_too_deep("{\"quote \\\" " + nested(1000) + "\": 1}"));
  EXPECT_TRUE(is_too_deep("{\"slash \\\\\": " + nested(1000)));
  std::string wide = "[";
  for (int i = 0; i < 1000; ++i) wide += "[],{},";
  EXPECT_FALSE(is_too_deep(wide + "1]"));
  EXPECT_FALSE(is_too_deep(""));
}

}  // namespace
}  // namespace alarm_dist

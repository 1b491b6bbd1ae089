// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/text.hpp"

#include <gtest/gtest.h>

namespace alarm_dist {
namespace {

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_EQ(find_invalid_utf8("plain, \xC3\xA9, \xE2\x82\xAC, \xF0\x9F\x98\x80"), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("ab\xFF"), 2U);
  EXPECT_EQ(find_invalid_utf8("\xC0\x80"), 0U);          // overlong
  EXPECT_EQ(find_invalid_utf8("a\xED\xA0\x80"), 1U);     // surrogate
  EXPECT_EQ(find_invalid_utf8("\xF4\x90\x80\x80"), 0U);  // beyond U+10FFFF
  EXPECT_EQ(find_invalid_utf8("x\xE2\x82"), 1U);         // cut short
}

TEST(NearestWord, OffersOnlyLikelySlips) {
  const std::vector<std::string> keys{"threshold", "holistic_weight", "shaping"};

  EXPECT_EQ(nearest_word("treshold", keys), "threshold");
  EXPECT_EQ(nearest_word("zzzzzzzz", keys), std::nullopt);
}

TEST(Trim, TakesWhiteSpaceOffBothEnds) {
  EXPECT_EQ(trim(" \t a b\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
}

}  // namespace
}  // namespace alarm_dist

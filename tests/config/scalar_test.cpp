// SPDX-License-Identifier: Apache-2.0
#include "config/scalar.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace alarm_dist::config {
namespace {

TEST(ConfigScalar, WritesTheShortestFormThatBothYamlVersionsRead) {
  EXPECT_EQ(format_number(0.1), "0.1");
  EXPECT_EQ(format_number(1), "1");
  EXPECT_EQ(format_number(1e-5), "1.0e-05");
  EXPECT_EQ(format_number(2.5e-5), "2.5e-05");
  EXPECT_EQ(format_number(1e300), "1.0e+300");
  EXPECT_EQ(format_number(-std::numeric_limits<double>::infinity()), "-.inf");
  EXPECT_EQ(format_number(std::nan("")), ".nan");
}

TEST(ConfigScalar, NumbersRoundTripToTheBit) {
  std::uint64_t state = 1;
  for (int i = 0; i < 10'000; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;  // any bit pattern will do
    const auto value = std::bit_cast<double>(state);
    if (!std::isnormal(value)) continue;

    const auto read = parse_number(format_number(value));

    ASSERT_FALSE(read.fault.has_value());
    ASSERT_EQ(std::bit_cast<std::uint64_t>(read.value), state) << format_number(value);
  }
}

TEST(ConfigScalar, KnowsTheNumbersOfYaml12) {
  for (const auto* text :
       {"0", "-0", "+1", "007", "1.", ".5", "1.5e3", "1E+3", "0x1f", "0o17", ".inf", "-.Inf"}) {
    EXPECT_FALSE(parse_number(text).fault.has_value()) << text;
  }
  for (const auto* text : {"", "+", "-", ".", "e5", "1e", "1_000", "1,5", "1 2", " 1", "0b1", "inf",
                           "nan", "1:30", "--1", "0x", "0x-1", "1f", "+.e1"}) {
    EXPECT_TRUE(parse_number(text).fault.has_value()) << text;
    EXPECT_TRUE(parse_integer(text).fault.has_value()) << text;
  }
}

TEST(ConfigScalar, QuotesWhatAReaderCouldMistake) {
  EXPECT_EQ(format_text("model/a-b_c.gguf"), "model/a-b_c.gguf");
  EXPECT_EQ(format_text("on"), "\"on\"");
  EXPECT_EQ(format_text("Yes"), "\"Yes\"");
  EXPECT_EQ(format_text("12"), "\"12\"");
  EXPECT_EQ(format_text("-x"), "\"-x\"");
  EXPECT_EQ(format_text("a\nb"), "\"a\\nb\"");
}

}  // namespace
}  // namespace alarm_dist::config

// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/bytes.hpp"

#include <gtest/gtest.h>

namespace alarm_dist {
namespace {

TEST(Bytes, ReadsBackWhatWasWritten) {
  ByteWriter writer;
  writer.put<std::int32_t>(-5);
  writer.put_string("h\0i");
  writer.put_vector(std::vector<double>{1.5, -2});
  writer.put_vector(std::vector<int>{});

  ByteReader reader(writer.bytes());

  EXPECT_EQ(reader.get<std::int32_t>(), -5);
  EXPECT_EQ(reader.get_string(), "h");
  EXPECT_EQ(reader.get_vector<double>(), (std::vector<double>{1.5, -2}));
  EXPECT_TRUE(reader.get_vector<int>().empty());
  EXPECT_TRUE(reader.at_end());
}

TEST(Bytes, RefusesLengthsThatTheBytesDoNotHold) {
  ByteWriter writer;
  writer.put<std::uint64_t>(1ULL << 62);

  EXPECT_THROW(ByteReader(writer.bytes()).get_vector<double>(), Error);
  EXPECT_THROW(ByteReader(writer.bytes()).get_string(), Error);
  EXPECT_THROW(ByteReader({}).get<char>(), Error);
}

}  // namespace
}  // namespace alarm_dist

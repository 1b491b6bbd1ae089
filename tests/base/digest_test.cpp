// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/digest.hpp"

#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

TEST(Digest, AgreesWithTheReferenceForTheEmptyInput) {
  EXPECT_EQ(digest(std::string_view()), "99aa06d3014798d86001c324468d497f");  // XXH3 specification
}

TEST(Digest, OfAFileEqualsThatOfItsBytes) {
  const testing::TempDir dir;
  const std::string text(3 << 20, 'x');
  testing::write_file(dir / "f", text);

  EXPECT_EQ(digest_file(dir / "f"), digest(text));
  EXPECT_THROW(digest_file(dir / "missing"), Error);
}

}  // namespace
}  // namespace alarm_dist

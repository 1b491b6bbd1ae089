// SPDX-License-Identifier: Apache-2.0
#include "alarm/metrics/event_file.hpp"

#include <limits>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "alarm/metrics/metrics_writer.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

// Vectors of RFC 3720, appendix B.4.
TEST(Crc32c, AgreesWithPublishedVectors) {
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending += c;

  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(ascending), 0x46DD794EU);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
}

// Bytes that TensorBoard's own writer makes of the same events: tests/golden/event_file.py.
TEST(EventFile, RecordsAreThoseOfTensorBoard) {
  const Scalars values{{"reward/total", 0.25},
                       {"entropy", std::numeric_limits<double>::quiet_NaN()},
                       {"kl/k1", -1.5}};

  EXPECT_EQ(hex(tf_record(version_event(1.5))),
            "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c");
  EXPECT_EQ(hex(tf_record(scalar_event(2.5, 300, values))),
            "31000000000000009d8383e909000000000000044010ac022a230a130a0c7265776172642f746f74616c15"
            "0000803e0a0c0a056b6c"
            "2f6b31150000c0bf69bd0fe2");
  EXPECT_EQ(hex(tf_record(restart_event(3.5, 7))),
            "0f000000000000006d532b09090000000000000c4010073a0208018c2b37c8");
}

TEST(EventFile, AResumedRunAddsAFileThatStartsWithTheRestart) {
  const testing::TempDir dir;
  MetricsWriter(dir.path()).write(1, {{"a", 1}});
  MetricsWriter(dir.path(), 1).write(2, {{"a", 2}});

  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(dir / "tensorboard"))
    files.push_back(entry.path());

  EXPECT_EQ(files.size(), 2U);
  for (const auto& file : files)
    EXPECT_EQ(file.filename().string().find("events.out.tfevents."), 0U);
}

}  // namespace
}  // namespace alarm_dist

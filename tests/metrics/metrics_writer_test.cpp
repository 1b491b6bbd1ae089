// SPDX-License-Identifier: Apache-2.0
#include "alarm/metrics/metrics_writer.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(MetricsWriter, WritesOneLineAStepInTheOrderGiven) {
  const testing::TempDir dir;

  MetricsWriter writer(dir.path());
  writer.write(1, {{"reward/total", 0.1}, {"kl/k1", -2}, {"entropy", kNaN}});
  writer.write(2, {{"reward/total", std::numeric_limits<double>::infinity()}});

  EXPECT_EQ(testing::read_file(dir / "metrics.jsonl"),
            "{\"step\":1,\"reward/total\":0.1,\"kl/k1\":-2.0,\"entropy\":null}\n"
            "{\"step\":2,\"reward/total\":null}\n");
}

TEST(MetricsWriter, ReadsBackWhatWasWritten) {
  const testing::TempDir dir;
  MetricsWriter(dir.path()).write(7, {{"a", 1.0 / 3}, {"b", kNaN}});

  const auto lines = read_metrics(dir.path());

  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].step, 7);
  EXPECT_EQ(lines[0].values[0].second, 1.0 / 3);
  EXPECT_TRUE(std::isnan(lines[0].values[1].second));
}

TEST(MetricsWriter, ResumingDropsLaterStepsAndALineCutShort) {
  const testing::TempDir dir;
  testing::write_file(dir / "metrics.jsonl",
                      "{\"step\":1,\"a\":1}\n{\"step\":2,\"a\":2}\n{\"step\":3,\"a\":3}\n{\"st");

  MetricsWriter(dir.path(), 2).write(3, {{"a", 4}});

  EXPECT_EQ(testing::read_file(dir / "metrics.jsonl"),
            "{\"step\":1,\"a\":1}\n{\"step\":2,\"a\":2}\n{\"step\":3,\"a\":4.0}\n");
}

TEST(MetricsWriter, ResumingWhereNothingWasWrittenStartsAFile) {
  const testing::TempDir dir;

  MetricsWriter(dir / "run", 0).write(1, {{"a", 1}});

  EXPECT_EQ(read_metrics(dir / "run").size(), 1U);
}

TEST(MetricsWriter, RefusesTheFileOfAnotherRunAndAKeyThatComesTwice) {
  const testing::TempDir dir;
  {
    MetricsWriter writer(dir.path());
    EXPECT_THROW(writer.write(1, {{"a", 1}, {"a", 2}}), Error);
    EXPECT_THROW(writer.write(1, {{"step", 1}}), Error);
    writer.write(1, {{"a", 1}});
  }

  EXPECT_THROW(MetricsWriter(dir.path()), UsageError);
}

TEST(ReadMetrics, NamesFileAndLineOfDamage) {
  const testing::TempDir dir;
  testing::write_file(dir / "metrics.jsonl", "{\"step\":1}\n{oops}\n{\"step\":3}\n");

  try {
    read_metrics(dir.path());
    FAIL() << "damage was not noticed";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("metrics.jsonl:2:"), std::string::npos)
        << error.what();
  }
  testing::write_file(dir / "metrics.jsonl", "{\"step\":1}\n{\"step\":2,\"a\":\"text\"}\n");
  EXPECT_THROW(read_metrics(dir.path()), Error);
}

TEST(ReadMetrics, LeavesOutALastLineThatWasCutShort) {
  const testing::TempDir dir;
  testing::write_file(dir / "metrics.jsonl", "{\"step\":1,\"a\":1}\n{\"step\":2,\"a\"");

  EXPECT_EQ(read_metrics(dir.path()).size(), 1U);
  EXPECT_TRUE(read_metrics(dir / "missing").empty());
}

}  // namespace
}  // namespace alarm_dist

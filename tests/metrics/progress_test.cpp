// SPDX-License-Identifier: Apache-2.0
#include "alarm/metrics/progress.hpp"

#include <algorithm>
#include <memory>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

ProgressState state_at(std::int64_t step) {
  return {.label = "train",
          .step = step,
          .total = 60,
          .figures = ProgressFigures{.reward = 0.4123, .kl = 1.03, .tokens_per_s = 812.4},
          .phase = "rollout",
          .elapsed_s = 250,
          .left_s = 1000};
}

TEST(Progress, LineHoldsTheFigures) {
  EXPECT_EQ(format_progress_line(state_at(12)),
            "train 12/60 | reward 0.412 | kl 1.030 | 812 tokens/s | 00:04:10, 00:16:40 left");
}

TEST(Progress, LineLeavesOutWhatARunDoesNotHave) {
  auto state = state_at(12);
  state.figures = {.loss = 2.5, .tokens_per_s = 20};

  EXPECT_EQ(format_progress_line(state),
            "train 12/60 | loss 2.500 | 20 tokens/s | 00:04:10, 00:16:40 left");
}

TEST(Progress, BarFillsTheTerminalButNoMore) {
  const std::string wide = format_progress_bar(state_at(30), 140);
  const std::string narrow = format_progress_bar(state_at(30), 40);

  EXPECT_EQ(wide,
            "train 30/60 [###############...............] 50% | reward 0.412 | kl 1.030 | 812 "
            "tokens/s | 00:04:10, "
            "00:16:40 left | rollout");
  EXPECT_LE(narrow.size(), 39U);
}

TEST(Progress, FinishedWorkHasNoTimeLeft) {
  EXPECT_EQ(format_progress_line(
                {.label = "features", .step = 3, .total = 3, .elapsed_s = 1, .left_s = 0}),
            "features 3/3 | 00:00:01");
}

TEST(Progress, DurationsReadAsClocks) {
  EXPECT_EQ(format_duration(59.6), "00:01:00");
  EXPECT_EQ(format_duration(3 * 86400 + 3661), "3d 01:01:01");
}

TEST(Progress, WritesPlainLinesToAFile) {
  const testing::TempDir dir;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen((dir / "log").c_str(), "w"),
                                                             &std::fclose);
  {
    Progress progress({.label = "train", .total = 2, .stream = file.get()});
    progress.phase("rollout");
    progress.update(1);
    progress.update(2, {.reward = 1, .kl = 0, .tokens_per_s = 10});
  }

  const std::string text = testing::read_file(dir / "log");

  EXPECT_EQ(
      text.find(
          "train 1/2 | 00:00:00, 00:00:00 left\ntrain 2/2 | reward 1.000 | kl 0.000 | 10 tokens/s"),
      0U)
      << text;
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

TEST(Progress, DrawsABarOverItself) {
  const testing::TempDir dir;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen((dir / "log").c_str(), "w"),
                                                             &std::fclose);
  {
    Progress progress({.total = 2, .style = ProgressStyle::kBar, .stream = file.get()});
    progress.update(1);
    progress.update(2);
  }

  const std::string text = testing::read_file(dir / "log");

  EXPECT_EQ(text.front(), '\r');
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

}  // namespace
}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// How far the run is, for the person who waits: one updating line on a terminal, plain lines in a
// log file.
//
// Text only; the numbers are also in metrics.jsonl. Rank 0 owns one; not thread-safe.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "alarm/base/clock.hpp"

namespace alarm_dist {

// What a run does not have is not shown.
struct ProgressFigures {
  std::optional<double> reward = {};
  std::optional<double> kl = {};
  std::optional<double> loss = {};
  double tokens_per_s = 0;
};

enum class ProgressStyle {
  kAuto,
  kBar,
  kLines,
  kSilent
};  // kAuto: a bar when the stream is a terminal

// "train 12/60 [####......] 20% | reward 0.412 | kl 1.03 | 812 tokens/s | 00:04:10, 00:16:40 left"
struct ProgressState {
  std::string label = {};
  std::int64_t step = 0;  // steps that are done
  std::int64_t total = 0;
  std::optional<ProgressFigures> figures = {};
  std::string phase = {};  // what is going on now; may be empty
  double elapsed_s = 0;
  std::optional<double> left_s = {};  // nothing while it is not known
};
std::string format_progress_bar(const ProgressState& state, int columns);
std::string format_progress_line(const ProgressState& state);
std::string format_duration(double seconds);  // "00:04:10", "2d 03:00:00"

class Progress {
 public:
  // first_step: steps that were done before (a resumed run); the time left counts only steps seen
  // by this object.
  struct Options {
    std::string label = "train";
    std::int64_t total = 0;
    std::int64_t first_step = 0;
    ProgressStyle style = ProgressStyle::kAuto;
    std::FILE* stream = stderr;
  };
  explicit Progress(Options options);
  ~Progress();  // ends the bar's line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void phase(std::string_view name);  // "rollout", "update"...: shown on the bar only
  void update(std::int64_t steps_done, const ProgressFigures& figures);
  void update(std::int64_t steps_done);  // work that has no rewards, such as feature extraction
  void clear();  // takes the bar off the terminal, before other text is printed there

 private:
  enum class Event { kStep, kPhase };
  void show(Event event);
  Options options_;
  ProgressState state_;
  Stopwatch watch_;
  double last_line_s_ = -1e9;
  bool is_bar_ = false;
  bool bar_shown_ = false;
};

}  // namespace alarm_dist

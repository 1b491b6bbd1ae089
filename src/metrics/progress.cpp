// SPDX-License-Identifier: Apache-2.0
#include "alarm/metrics/progress.hpp"

#include <algorithm>
#include <cmath>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace alarm_dist {
namespace {

constexpr double kLeastSecondsBetweenLines = 1.0;
constexpr const char* kEraseLine = "\r\x1b[2K";

int terminal_columns(std::FILE* stream) {
  winsize size{};
  return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

double done_share(const ProgressState& state) {
  if (state.total <= 0) return 0;
  return std::clamp(static_cast<double>(state.step) / static_cast<double>(state.total), 0.0, 1.0);
}

std::string describe_figures(const ProgressState& state) {
  if (!state.figures) return "";
  const auto& figures = *state.figures;
  std::string text;
  const auto add = [&](const char* name, const std::optional<double>& value) {
    if (value) text += fmt::format(" | {} {:.3f}", name, *value);
  };
  add("reward", figures.reward);
  add("kl", figures.kl);
  add("loss", figures.loss);
  return text + fmt::format(" | {:.0f} tokens/s", figures.tokens_per_s);
}

std::string describe_time(const ProgressState& state) {
  std::string text = " | " + format_duration(state.elapsed_s);
  if (state.left_s && state.step < state.total)
    text += fmt::format(", {} left", format_duration(*state.left_s));
  return text;
}

}  // namespace

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds)) return "?";
  const auto whole = static_cast<std::int64_t>(std::max(0.0, std::round(seconds)));
  const auto days = whole / 86400;
  const std::string clock =
      fmt::format("{:02}:{:02}:{:02}", whole / 3600 % 24, whole / 60 % 60, whole % 60);
  return days > 0 ? fmt::format("{}d {}", days, clock) : clock;
}

// The bar takes what the texts leave of the line, at most 30 columns; the phase goes first when
// there is no room.
std::string format_progress_bar(const ProgressState& state, int columns) {
  const double share = done_share(state);
  const std::string head = fmt::format("{} {}/{} ", state.label, state.step, state.total);
  std::string tail =
      fmt::format(" {:.0f}%{}{}", 100 * share, describe_figures(state), describe_time(state));
  const std::string phase = state.phase.empty() ? "" : fmt::format(" | {}", state.phase);
  const auto room_for_bar = [&] {
    return columns - 1 - static_cast<int>(head.size() + tail.size()) - 2;
  };
  if (room_for_bar() - static_cast<int>(phase.size()) >= 8) tail += phase;
  const int width = std::min(30, room_for_bar());
  std::string line = head;
  if (width >= 4) {
    const auto filled = static_cast<std::size_t>(std::lround(share * width));
    line += '[' + std::string(filled, '#') +
            std::string(static_cast<std::size_t>(width) - filled, '.') + ']';
  }
  line += tail;
  return line.substr(0, static_cast<std::size_t>(std::max(1, columns - 1)));
}

std::string format_progress_line(const ProgressState& state) {
  return fmt::format("{} {}/{}{}{}", state.label, state.step, state.total, describe_figures(state),
                     describe_time(state));
}

Progress::Progress(Options options) : options_(std::move(options)) {
  state_.label = options_.label;
  state_.total = options_.total;
  state_.step = options_.first_step;
  const bool terminal = isatty(fileno(options_.stream)) != 0;
  is_bar_ =
      options_.style == ProgressStyle::kBar || (options_.style == ProgressStyle::kAuto && terminal);
}

Progress::~Progress() {
  if (bar_shown_) std::fputc('\n', options_.stream);
  std::fflush(options_.stream);
}

void Progress::phase(std::string_view name) {
  state_.phase = name;
  show(Event::kPhase);
}

void Progress::update(std::int64_t steps_done, const ProgressFigures& figures) {
  state_.figures = figures;
  update(steps_done);
}

void Progress::update(std::int64_t steps_done) {
  state_.step = steps_done;
  const std::int64_t seen = steps_done - options_.first_step;
  if (seen > 0) {
    state_.left_s = watch_.seconds() / static_cast<double>(seen) *
                    static_cast<double>(state_.total - steps_done);
  }
  show(Event::kStep);
}

void Progress::clear() {
  if (bar_shown_) std::fputs(kEraseLine, options_.stream);
  std::fflush(options_.stream);
  bar_shown_ = false;
}

void Progress::show(Event event) {
  if (options_.style == ProgressStyle::kSilent) return;
  state_.elapsed_s = watch_.seconds();
  if (is_bar_) {
    fmt::print(options_.stream, "{}{}", kEraseLine,
               format_progress_bar(state_, terminal_columns(options_.stream)));
    bar_shown_ = true;
  } else {
    const bool due =
        state_.step == state_.total || state_.elapsed_s - last_line_s_ >= kLeastSecondsBetweenLines;
    if (event == Event::kPhase || !due) return;
    fmt::print(options_.stream, "{}\n", format_progress_line(state_));
    last_line_s_ = state_.elapsed_s;
  }
  std::fflush(options_.stream);
}

}  // namespace alarm_dist

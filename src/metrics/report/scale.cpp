// SPDX-License-Identifier: Apache-2.0
#include "metrics/report/scale.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "metrics/report/html.hpp"

namespace alarm_dist::report {
namespace {

// 1, 2 or 5 times a power of ten, the one whose ratio to the wanted step is nearest to 1.
double round_step(double width, int count) {
  const double rough = width / std::max(1, count);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double rest = rough / power;  // 1 to 10; the borders are geometric means
  return power * (rest < std::sqrt(2)    ? 1
                  : rest < std::sqrt(10) ? 2
                  : rest < std::sqrt(50) ? 5
                                         : 10);
}

std::string tick_label(double value, double step) {
  if (std::abs(value) < step * 1e-6) return "0";
  const double largest = std::max(std::abs(value), step);
  if (largest >= 10000 || step < 1e-4) return number(value);
  return fixed_number(value, std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9))));
}

bool is_whole(double value) { return std::abs(value - std::round(value)) < 1e-9; }

}  // namespace

void Range::include(double value) {
  low = std::min(low, value);
  high = std::max(high, value);
}

Range Range::empty() {
  return {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
}

Range Range::widened(double share) const {
  if (!(low <= high)) return {0, 1};
  double margin = (high - low) * share;
  if (high - low <= 1e-12 * std::max(std::abs(low), std::abs(high)) || high == low) {
    margin = low == 0 ? 1 : std::abs(low) * 0.1;
  }
  return {low - margin, high + margin};
}

Ticks round_ticks(const Range& range, int count) {
  Ticks ticks;
  const double step = round_step(range.high - range.low, count);
  for (double i = std::ceil(range.low / step - 1e-9); i * step <= range.high + 1e-9 * step; ++i) {
    ticks.at.push_back(i * step);
    ticks.labels.push_back(tick_label(i * step, step));
  }
  return ticks;
}

Frame::Frame(const FrameSpec& spec)
    : x_range_(spec.x), y_range_(spec.y), canvas_(kWidth, kHeight, spec.label) {
  draw_y_axis(spec);
  draw_x_axis(spec);
}

double Frame::x(double value) const {
  return kLeft + (value - x_range_.low) / (x_range_.high - x_range_.low) * (kRight - kLeft);
}

double Frame::y(double value) const {
  return kBottom - (value - y_range_.low) / (y_range_.high - y_range_.low) * (kBottom - kTop);
}

void Frame::draw_y_axis(const FrameSpec& spec) {
  const Ticks ticks = round_ticks(y_range_, 5);
  for (std::size_t i = 0; i < ticks.at.size(); ++i) {
    if (spec.whole_y && !is_whole(ticks.at[i])) continue;
    const double place = y(ticks.at[i]);
    canvas_.line({kLeft, place}, {kRight, place}, ticks.at[i] == 0 ? "zero" : "gridline");
    canvas_.text({kLeft - 6, place + 4}, ticks.labels[i], "tick end");
  }
  canvas_.text({2, 12}, spec.y_label, "axis");
}

void Frame::draw_x_axis(const FrameSpec& spec) {
  canvas_.line({kLeft, kBottom}, {kRight, kBottom}, "baseline");
  const Ticks ticks = round_ticks(x_range_, 6);
  for (std::size_t i = 0; i < ticks.at.size(); ++i) {
    if (spec.whole_x && !is_whole(ticks.at[i])) continue;
    const double place = x(ticks.at[i]);
    canvas_.line({place, kBottom}, {place, kBottom + 4}, "baseline");
    canvas_.text({place, kBottom + 17}, ticks.labels[i], "tick middle");
  }
  canvas_.text({(kLeft + kRight) / 2, kBottom + 34}, spec.x_label, "axis middle");
}

}  // namespace alarm_dist::report

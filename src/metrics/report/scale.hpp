// SPDX-License-Identifier: Apache-2.0
// From data to places on the canvas: linear scales with round ticks, and the frame of axes that
// charts share.
#pragma once

#include <string>
#include <vector>

#include "metrics/report/svg.hpp"

namespace alarm_dist::report {

struct Range {
  double low = 0;
  double high = 1;
  void include(double value);
  static Range empty();
  Range widened(
      double share) const;  // on both sides; a range of no width becomes one round its value
};

struct Ticks {
  std::vector<double> at;
  std::vector<std::string> labels;
};
// About count round values (1, 2 or 5 times a power of ten apart) inside the range.
Ticks round_ticks(const Range& range, int count);

// A canvas with axes: grid, tick labels, the y label above the axis, the x label below. Charts draw
// on `canvas`.
struct FrameSpec {
  std::string label;    // of the whole chart, for screen readers
  std::string x_label;  // with unit
  std::string y_label;
  Range x;
  Range y;
  bool whole_x = false;  // steps: ticks at whole numbers only
  bool whole_y = false;  // counts
};

class Frame {
 public:
  explicit Frame(const FrameSpec& spec);

  Point place(Point data) const { return {x(data.x), y(data.y)}; }
  double x(double value) const;
  double y(double value) const;
  Canvas& canvas() { return canvas_; }

  static constexpr double kWidth = 460;
  static constexpr double kHeight = 250;
  static constexpr double kLeft = 46;
  static constexpr double kRight = 452;
  static constexpr double kTop = 26;
  static constexpr double kBottom = 212;

 private:
  void draw_x_axis(const FrameSpec& spec);
  void draw_y_axis(const FrameSpec& spec);
  Range x_range_;
  Range y_range_;
  Canvas canvas_;
};

}  // namespace alarm_dist::report

// SPDX-License-Identifier: Apache-2.0
// SVG drawn by hand: shapes on a canvas of fixed coordinates that the page scales to its width.
//
// Colours are class names, which the page's style sheet gives a meaning in light and dark.
#pragma once

#include <string>
#include <string_view>

#include "metrics/report/run_data.hpp"

namespace alarm_dist::report {

class Canvas {
 public:
  Canvas(double width, double height, std::string_view label);  // label: what a screen reader says

  Canvas& line(Point from, Point to, std::string_view classes);
  Canvas& polyline(const Points& points, std::string_view classes);
  // The tip is shown when the pointer rests on the shape; empty for none.
  Canvas& circle(Point centre, double radius, std::string_view classes, std::string_view tip = {});
  Canvas& diamond(Point centre, double radius, std::string_view classes, std::string_view tip = {});
  Canvas& rect(Point corner, Point size, std::string_view classes, std::string_view tip = {});
  Canvas& text(Point at, std::string_view content,
               std::string_view classes);  // class "end" or "middle" anchors it

  std::string finish() const;

 private:
  void shape(std::string_view element, std::string_view attributes, std::string_view classes,
             std::string_view tip);
  std::string head_;
  std::string body_;
};

}  // namespace alarm_dist::report

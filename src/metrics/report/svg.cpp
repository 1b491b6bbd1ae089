// SPDX-License-Identifier: Apache-2.0
#include "metrics/report/svg.hpp"

#include <fmt/format.h>

#include "metrics/report/html.hpp"

namespace alarm_dist::report {

Canvas::Canvas(double width, double height, std::string_view label)
    : head_(fmt::format(R"(<svg viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">)", width,
                        height, escape(label))) {}

void Canvas::shape(std::string_view element, std::string_view attributes, std::string_view classes,
                   std::string_view tip) {
  body_ += fmt::format(R"(<{} {} class="{}")", element, attributes, classes);
  body_ += tip.empty() ? std::string("/>")
                       : fmt::format("><title>{}</title></{}>", escape(tip), element);
}

Canvas& Canvas::line(Point from, Point to, std::string_view classes) {
  shape(
      "line",
      fmt::format(R"(x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}")", from.x, from.y, to.x, to.y),
      classes, {});
  return *this;
}

Canvas& Canvas::polyline(const Points& points, std::string_view classes) {
  std::string list;
  for (const auto& [x, y] : points) list += fmt::format("{:.1f},{:.1f} ", x, y);
  shape("polyline", fmt::format(R"(points="{}")", list), classes, {});
  return *this;
}

Canvas& Canvas::circle(Point centre, double radius, std::string_view classes,
                       std::string_view tip) {
  shape("circle", fmt::format(R"(cx="{:.1f}" cy="{:.1f}" r="{:g}")", centre.x, centre.y, radius),
        classes, tip);
  return *this;
}

Canvas& Canvas::diamond(Point centre, double radius, std::string_view classes,
                        std::string_view tip) {
  const auto [x, y] = centre;
  shape("polygon",
        fmt::format(R"(points="{:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f}")", x,
                    y - radius, x + radius, y, x, y + radius, x - radius, y),
        classes, tip);
  return *this;
}

Canvas& Canvas::rect(Point corner, Point size, std::string_view classes, std::string_view tip) {
  shape("rect",
        fmt::format(R"(x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}")", corner.x, corner.y,
                    size.x, size.y),
        classes, tip);
  return *this;
}

Canvas& Canvas::text(Point at, std::string_view content, std::string_view classes) {
  body_ += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" class="{}">{}</text>)", at.x, at.y, classes,
                       escape(content));
  return *this;
}

std::string Canvas::finish() const { return head_ + body_ + "</svg>"; }

}  // namespace alarm_dist::report

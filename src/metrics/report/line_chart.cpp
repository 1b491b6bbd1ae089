// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "metrics/report/charts.hpp"

namespace alarm_dist::report {
namespace {

constexpr std::size_t kMostPoints = 400;  // of a curve on the page; a screen cannot show more
constexpr std::size_t kFewestToSmooth = 8;

// Every k-th point, so that at most kMostPoints are left; the last one stays.
Points thinned(const Points& points) {
  const std::size_t stride = (points.size() + kMostPoints - 1) / kMostPoints;
  if (stride <= 1) return points;
  Points kept;
  for (std::size_t i = (points.size() - 1) % stride; i < points.size(); i += stride)
    kept.push_back(points[i]);
  return kept;
}

Points placed(const Frame& frame, const Points& points) {
  Points places;
  for (const auto& point : points) places.push_back(frame.place(point));
  return places;
}

std::string tip_of(const LineChart& chart, const Curve& curve, Point point) {
  return fmt::format("{}, {} {:g}: {}", curve.label, chart.x_label, point.x, number(point.y));
}

void draw_smoothed(Frame& frame, const LineChart& chart, const Curve& curve) {
  const Points raw = thinned(curve.points);
  for (const auto& point : raw) {
    frame.canvas().circle(frame.place(point), 2.2, "raw " + curve.colour,
                          tip_of(chart, curve, point));
  }
  frame.canvas().polyline(placed(frame, thinned(smoothed(curve.points))), "curve " + curve.colour);
}

void draw_markers(Frame& frame, const LineChart& chart, const Curve& curve) {
  frame.canvas().polyline(placed(frame, curve.points), "thin " + curve.colour);
  for (const auto& point : curve.points) {
    frame.canvas().diamond(frame.place(point), 4.5, "solid " + curve.colour,
                           tip_of(chart, curve, point));
  }
}

// Value at point i of the straight line that fits its neighbours best, with Gaussian weights: a
// plain average would bend towards the middle at both ends.
double local_fit(const Points& points, std::size_t i) {
  const double width = std::max(1.5, static_cast<double>(points.size()) / 25);  // in points
  const auto reach = static_cast<std::size_t>(std::ceil(3 * width));
  double weights = 0, distances = 0, squares = 0, values = 0, products = 0;
  for (std::size_t j = i - std::min(i, reach); j < std::min(points.size(), i + reach + 1); ++j) {
    const double distance = static_cast<double>(j) - static_cast<double>(i);
    const double weight = std::exp(-0.5 * distance * distance / (width * width));
    weights += weight;
    distances += weight * distance;
    squares += weight * distance * distance;
    values += weight * points[j].y;
    products += weight * distance * points[j].y;
  }
  return (squares * values - distances * products) / (squares * weights - distances * distances);
}

FrameSpec frame_of(const LineChart& chart) {
  Range x = Range::empty();
  Range y = Range::empty();
  for (const auto& curve : chart.curves) {
    for (const auto& point : curve.points) {
      x.include(point.x);
      y.include(point.y);
    }
  }
  if (chart.level) y.include(chart.level->y);
  return {
      chart.label, chart.x_label, chart.y_label, x.widened(0.01), chart.y.value_or(y.widened(0.06)),
      true};
}

}  // namespace

Points smoothed(const Points& points) {
  if (points.size() < kFewestToSmooth) return points;
  Points result;
  for (std::size_t i = 0; i < points.size(); ++i)
    result.push_back({points[i].x, local_fit(points, i)});
  return result;
}

std::vector<LegendEntry> legend_of(const LineChart& chart) {
  std::vector<LegendEntry> legend;
  for (const auto& curve : chart.curves) {
    legend.push_back(
        {curve.label, curve.colour, curve.kind == CurveKind::kMarkers ? "diamond" : "line"});
  }
  if (chart.level) legend.push_back({chart.level_label, "level", "line"});
  return legend;
}

std::string draw(const LineChart& chart) {
  Frame frame(frame_of(chart));
  if (chart.level) {
    const double y = frame.y(chart.level->y);
    frame.canvas().line({Frame::kLeft, y}, {Frame::kRight, y}, "level");
  }
  for (const auto& curve : chart.curves) {
    if (curve.kind == CurveKind::kSmoothed) draw_smoothed(frame, chart, curve);
  }
  for (const auto& curve : chart.curves) {
    if (curve.kind == CurveKind::kMarkers) draw_markers(frame, chart, curve);
  }
  return frame.canvas().finish();
}

}  // namespace alarm_dist::report

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "metrics/report/charts.hpp"

namespace alarm_dist::report {
namespace {

struct Moments {
  Point mean;
  double xx = 0;
  double yy = 0;
  double xy = 0;
};

Moments moments_of(const Points& points) {
  Moments m;
  const double n = static_cast<double>(points.size());
  for (const auto& [x, y] : points) {
    m.mean.x += x / n;
    m.mean.y += y / n;
  }
  for (const auto& [x, y] : points) {
    m.xx += (x - m.mean.x) * (x - m.mean.x);
    m.yy += (y - m.mean.y) * (y - m.mean.y);
    m.xy += (x - m.mean.x) * (y - m.mean.y);
  }
  return m;
}

void draw_trend(Frame& frame, const Points& points, const Range& x) {
  const Moments m = moments_of(points);
  if (points.size() < 3 || m.xx <= 0) return;
  const double slope = m.xy / m.xx;
  const auto at = [&](double value) { return Point{value, m.mean.y + slope * (value - m.mean.x)}; };
  frame.canvas().line(frame.place(at(x.low)), frame.place(at(x.high)), "level");
}

struct Bins {
  Range range;
  std::size_t count = 0;
  double width() const { return (range.high - range.low) / static_cast<double>(count); }
};

// About the square root of the sample for the number of bins, as both are compared by eye.
Bins bins_for(const TwoHistograms& chart) {
  Bins bins{Range::empty(), 0};
  for (const auto* values : {&chart.before, &chart.after}) {
    for (const double value : *values) bins.range.include(value);
  }
  bins.range = bins.range.widened(0.001);
  const double root =
      std::sqrt(static_cast<double>(std::max(chart.before.size(), chart.after.size())));
  bins.count = static_cast<std::size_t>(std::clamp(std::lround(1.5 * root), 6L, 30L));
  return bins;
}

std::vector<double> counts_of(const std::vector<double>& values, const Bins& bins) {
  std::vector<double> counts(bins.count);
  for (const double value : values) {
    const auto bin =
        static_cast<std::size_t>(std::max(0.0, (value - bins.range.low) / bins.width()));
    ++counts[std::min(bin, bins.count - 1)];
  }
  return counts;
}

void draw_counts(Frame& frame, const std::vector<double>& counts, const Bins& bins,
                 const std::string& colour, const std::string& name) {
  Points outline{frame.place({bins.range.low, 0})};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double low = bins.range.low + bins.width() * static_cast<double>(i);
    const double high = low + bins.width();
    const auto corner = frame.place({low, counts[i]});
    frame.canvas().rect(
        corner, {frame.x(high) - corner.x, Frame::kBottom - corner.y}, "fill faint " + colour,
        fmt::format("{}: {:g} prompts from {} to {}", name, counts[i], number(low), number(high)));
    outline.push_back(corner);
    outline.push_back(frame.place({high, counts[i]}));
  }
  outline.push_back(frame.place({bins.range.high, 0}));
  frame.canvas().polyline(outline, "outline " + colour);
}

}  // namespace

double correlation(const Points& points) {
  const Moments m = moments_of(points);
  return m.xx > 0 && m.yy > 0 ? m.xy / std::sqrt(m.xx * m.yy) : 0;
}

std::string draw(const Scatter& chart) {
  Points all;
  Range x = Range::empty();
  Range y = Range::empty();
  for (const auto& cloud : chart.clouds)
    all.insert(all.end(), cloud.points.begin(), cloud.points.end());
  for (const auto& point : all) {
    x.include(point.x);
    y.include(point.y);
  }
  Frame frame({.label = chart.label,
               .x_label = chart.x_label,
               .y_label = chart.y_label,
               .x = x.widened(0.04),
               .y = y.widened(0.06)});
  for (const auto& cloud : chart.clouds) {
    for (std::size_t i = 0; i < cloud.points.size(); ++i) {
      frame.canvas().circle(frame.place(cloud.points[i]), 3, "dot " + cloud.colour,
                            i < cloud.tips.size() ? cloud.tips[i] : "");
    }
  }
  if (chart.trend) draw_trend(frame, all, x);
  return frame.canvas().finish();
}

std::string draw(const TwoHistograms& chart) {
  const Bins bins = bins_for(chart);
  const auto before = counts_of(chart.before, bins);
  const auto after = counts_of(chart.after, bins);
  const double highest = std::max(*std::max_element(before.begin(), before.end()),
                                  *std::max_element(after.begin(), after.end()));
  Frame frame({.label = chart.label,
               .x_label = chart.x_label,
               .y_label = "prompts",
               .x = bins.range,
               .y = {0, highest * 1.08},
               .whole_y = true});
  draw_counts(frame, before, bins, "c2", "before");
  draw_counts(frame, after, bins, "c1", "after");
  for (const auto& [values, colour] : {std::pair{&chart.before, "c2"}, {&chart.after, "c1"}}) {
    const double place = frame.x(mean_of(*values));
    frame.canvas().line({place, Frame::kTop}, {place, Frame::kBottom},
                        std::string("mean ") + colour);
  }
  return frame.canvas().finish();
}

}  // namespace alarm_dist::report

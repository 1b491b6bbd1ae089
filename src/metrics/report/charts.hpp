// SPDX-License-Identifier: Apache-2.0
// The kinds of charts of the report, each from plain data to SVG.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "alarm/metrics/bootstrap.hpp"

#include "metrics/report/html.hpp"
#include "metrics/report/run_data.hpp"
#include "metrics/report/scale.hpp"

namespace alarm_dist::report {

// ---- lines over steps
enum class CurveKind {
  kSmoothed,  // faint raw points, a smoothed line over them
  kMarkers,   // diamonds joined by a thin line: values that are measured now and then
};
struct Curve {
  std::string label;
  std::string colour;  // class, "c1" ...
  Points points;
  CurveKind kind = CurveKind::kSmoothed;
};
struct LineChart {
  std::string label;
  std::string y_label;
  std::vector<Curve> curves;
  std::optional<Point> level = {};  // a dashed horizontal line at y (x is not used)
  std::string level_label = {};
  std::optional<Range> y = {};  // fixed instead of fitted
  std::string x_label = "training step";
};
std::string draw(const LineChart& chart);
std::vector<LegendEntry> legend_of(const LineChart& chart);

// Gaussian kernel over the points' order, its width growing with their number; few points stay as
// they are.
Points smoothed(const Points& points);

// ---- stacked bars over steps
struct StackedBars {
  std::string label;
  std::string y_label;
  std::vector<std::string> names;  // of the layers, from below
  std::vector<double> x;
  std::vector<std::vector<double>> heights;  // by bar, then by layer
};
std::string draw(const StackedBars& chart);

// ---- points
struct Cloud {
  std::string label;
  std::string colour;
  Points points;
  std::vector<std::string> tips = {};
};
struct Scatter {
  std::string label;
  std::string x_label;
  std::string y_label;
  std::vector<Cloud> clouds;
  bool trend = true;  // least-squares line through all points
};
std::string draw(const Scatter& chart);
double correlation(const Points& points);  // Pearson; 0 when one side does not vary

// ---- two distributions
struct TwoHistograms {
  std::string label;
  std::string x_label;
  std::vector<double> before;
  std::vector<double> after;
};
std::string draw(const TwoHistograms& chart);

// ---- intervals of changes, one row each, round a common zero
struct IntervalRow {
  std::string name;
  double centre = 0;
  Interval interval;
  std::string colour;  // "good", "bad" or "muted"
  std::string text;    // at the right end
};
std::string draw_intervals(const std::vector<IntervalRow>& rows, const std::string& x_label);

// ---- shares with their uncertainty, one bar each
struct ShareRow {
  std::string name;
  std::int64_t correct = 0;
  std::int64_t count = 0;
};
std::string draw_shares(const std::vector<ShareRow>& rows, const std::string& label);
Interval wilson_interval(std::int64_t correct, std::int64_t count);  // 95%

}  // namespace alarm_dist::report

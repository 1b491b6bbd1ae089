// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "metrics/report/charts.hpp"

namespace alarm_dist::report {
namespace {

constexpr double kWidth = 460;
constexpr double kRowHeight = 26;
constexpr double kNameWidth = 130;
constexpr double kValueWidth = 84;

double total_of(const std::vector<double>& layers) {
  double sum = 0;
  for (const double layer : layers) sum += layer;
  return sum;
}

}  // namespace

std::string draw(const StackedBars& chart) {
  Range y{0, 0};
  Range x = Range::empty();
  for (std::size_t i = 0; i < chart.x.size(); ++i) {
    y.include(total_of(chart.heights[i]));
    x.include(chart.x[i]);
  }
  const double spacing =
      chart.x.size() > 1 ? (x.high - x.low) / static_cast<double>(chart.x.size() - 1) : 1;
  y.high = y.high > 0 ? y.high * 1.05 : 1;
  Frame frame({chart.label,
               "training step",
               chart.y_label,
               {x.low - 0.6 * spacing, x.high + 0.6 * spacing},
               y,
               true});
  const double width = std::min(28.0, 0.84 * (frame.x(spacing) - frame.x(0)));
  for (std::size_t i = 0; i < chart.x.size(); ++i) {
    double below = 0;
    for (std::size_t layer = 0; layer < chart.names.size(); ++layer) {
      const double top = below + chart.heights[i][layer];
      const auto tip = fmt::format("{}, step {:g}: {} s", chart.names[layer], chart.x[i],
                                   number(chart.heights[i][layer]));
      frame.canvas().rect({frame.x(chart.x[i]) - width / 2, frame.y(top)},
                          {width, frame.y(below) - frame.y(top)},
                          fmt::format("fill c{}", layer % 8 + 1), tip);
      below = top;
    }
  }
  return frame.canvas().finish();
}

Interval wilson_interval(std::int64_t correct, std::int64_t count) {
  if (count == 0) return {0, 1};
  constexpr double z = 1.959964;
  const double n = static_cast<double>(count);
  const double share = static_cast<double>(correct) / n;
  const double centre = (share + z * z / (2 * n)) / (1 + z * z / n);
  const double reach =
      z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  return {std::max(0.0, centre - reach), std::min(1.0, centre + reach)};
}

std::string draw_shares(const std::vector<ShareRow>& rows, const std::string& label) {
  const double left = kNameWidth;
  const double right = kWidth - kValueWidth;
  const double bottom = kRowHeight * static_cast<double>(rows.size()) + 8;
  const auto x = [&](double share) { return left + share * (right - left); };
  Canvas canvas(kWidth, bottom + 38, label);
  for (const double tick : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    canvas.line({x(tick), 4}, {x(tick), bottom}, tick == 0.5 ? "level" : "gridline");
    canvas.text({x(tick), bottom + 15}, percent(tick), "tick middle");
  }
  canvas.text({x(0.5), bottom + 32}, "judged rightly; dashed: guessing", "axis middle");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    const double middle = kRowHeight * (static_cast<double>(i) + 0.5) + 4;
    const double share =
        row.count > 0 ? static_cast<double>(row.correct) / static_cast<double>(row.count) : 0;
    const Interval interval = wilson_interval(row.correct, row.count);
    canvas.text({left - 8, middle + 4}, row.name, "name end");
    canvas.rect({left, middle - 8}, {x(share) - left, 16},
                row.name == "all" ? "fill c1" : "fill c1 soft",
                fmt::format("{} of {} right, 95% interval {} to {}", row.correct, row.count,
                            percent(interval.low), percent(interval.high)));
    canvas.line({x(interval.low), middle}, {x(interval.high), middle}, "whisker");
    canvas.text({right + 8, middle + 4}, fmt::format("{} of {}", percent(share), row.count),
                "name");
  }
  return canvas.finish();
}

std::string draw_intervals(const std::vector<IntervalRow>& rows, const std::string& x_label) {
  Range range{0, 0};
  for (const auto& row : rows) {
    range.include(row.interval.low);
    range.include(row.interval.high);
  }
  range = range.widened(0.08);
  const double left = kNameWidth;
  const double right = kWidth - kValueWidth;
  const double bottom = kRowHeight * static_cast<double>(rows.size()) + 8;
  const auto x = [&](double value) {
    return left + (value - range.low) / (range.high - range.low) * (right - left);
  };
  Canvas canvas(kWidth, bottom + 38, "Change of each reward with its 95% interval");
  const Ticks ticks = round_ticks(range, 5);
  for (std::size_t i = 0; i < ticks.at.size(); ++i) {
    canvas.line({x(ticks.at[i]), 4}, {x(ticks.at[i]), bottom},
                ticks.at[i] == 0 ? "zero" : "gridline");
    canvas.text({x(ticks.at[i]), bottom + 15}, ticks.labels[i], "tick middle");
  }
  canvas.text({(left + right) / 2, bottom + 32}, x_label, "axis middle");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    const double middle = kRowHeight * (static_cast<double>(i) + 0.5) + 4;
    canvas.text({left - 8, middle + 4}, row.name, "name end");
    canvas.line({x(row.interval.low), middle}, {x(row.interval.high), middle},
                "interval " + row.colour);
    canvas.circle({x(row.centre), middle}, 5, "solid " + row.colour, row.text);
    canvas.text({right + 8, middle + 4}, row.text, "name");
  }
  return canvas.finish();
}

}  // namespace alarm_dist::report

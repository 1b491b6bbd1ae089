// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "metrics/report/catalogue.hpp"
#include "metrics/report/key_groups.hpp"
#include "metrics/report/phase_times.hpp"
#include "metrics/report/sections.hpp"

namespace alarm_dist::report {
namespace {

constexpr std::size_t kMostBars = 60;

std::string colour_of_phase(std::size_t index) { return fmt::format("c{}", index % 8 + 1); }

// Neighbouring steps share a bar, their mean, when there are too many.
StackedBars bars_of(const PhaseTimes& times) {
  StackedBars chart{
      "Seconds of each training step by phase", "seconds per step", times.names, {}, {}};
  const std::size_t stride = (times.steps.size() + kMostBars - 1) / kMostBars;
  for (std::size_t begin = 0; begin < times.steps.size(); begin += stride) {
    const std::size_t end = std::min(begin + stride, times.steps.size());
    const double share = 1.0 / static_cast<double>(end - begin);
    std::vector<double> heights(times.names.size());
    double step = 0;
    for (std::size_t i = begin; i < end; ++i) {
      step += share * times.steps[i];
      for (std::size_t k = 0; k < heights.size(); ++k) heights[k] += share * times.seconds[i][k];
    }
    chart.x.push_back(step);
    chart.heights.push_back(std::move(heights));
  }
  return chart;
}

std::string share_table(const PhaseTimes& times) {
  const auto seconds = times.totals();
  const double total = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  std::string bar;
  std::string rows;
  for (std::size_t k = 0; k < seconds.size(); ++k) {
    const double share = total > 0 ? seconds[k] / total : 0;
    const auto name = escape(times.names[k]);
    bar += fmt::format("<i class=\"{}\" style=\"flex:{:.4f}\" title=\"{}: {}\"></i>",
                       colour_of_phase(k), share, name, percent(share));
    rows += fmt::format(
        "<tr><th scope=\"row\"><span class=\"key box {}\"></span>{}</th><td class=\"n\">{} "
        "s</td><td class=\"n\">{}</td></tr>",
        colour_of_phase(k), name, number(seconds[k]), percent(share));
  }
  return fmt::format(
      "<div class=\"sharebar\" role=\"img\" aria-label=\"share of each "
      "phase\">{}</div><table><thead><tr><th>phase</th><th "
      "class=\"n\">in all</th><th class=\"n\">share</th></tr></thead><tbody>{}</tbody></table>",
      bar, rows);
}

std::vector<LegendEntry> legend_of(const PhaseTimes& times) {
  std::vector<LegendEntry> legend;
  for (std::size_t k = 0; k < times.names.size(); ++k)
    legend.push_back({times.names[k], colour_of_phase(k), "box"});
  return legend;
}

}  // namespace

std::string time_section(const RunData& run) {
  constexpr const char* kTitle = "Where the time went";
  const PhaseTimes times = phase_times(run);
  if (times.names.empty())
    return section("time", kTitle, "", missing("Seconds by phase of each step come here."));
  std::vector<std::string> figures{
      render({.title = "Seconds by phase",
              .explanation =
                  "Each bar is a step (or the mean of neighbouring steps), cut into its phases.",
              .legend = legend_of(times),
              .body = draw(bars_of(times))}),
      render(
          {.title = "Share of the phases",
           .explanation = "The whole training, summed over its steps. Waiting ranks show as wait.",
           .body = share_table(times)})};
  for (const auto& key : cost_keys()) {
    if (run.has(key)) figures.push_back(render(metric_figure(run, key)));
  }
  return section(
      "time", kTitle,
      "Generating, scoring, learning: the longest phase is where a faster machine helps.",
      grid(figures));
}

}  // namespace alarm_dist::report

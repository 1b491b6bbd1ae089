// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "metrics/report/catalogue.hpp"
#include "metrics/report/sections.hpp"

namespace alarm_dist::report {
namespace {

constexpr std::size_t kMostBars = 60;

std::vector<std::string> phase_keys(const RunData& run) {
  std::vector<std::string> keys;
  for (const auto& key : run.keys()) {
    const bool is_phase =
        key.size() > 7 && key.substr(0, 5) == "time/" && key.substr(key.size() - 2) == "_s";
    if (is_phase && key != "time/step_s") keys.push_back(key);
  }
  return keys;
}

std::string phase_name(const std::string& key) { return key.substr(5, key.size() - 7); }

double value_of(const MetricsLine& line, const std::string& key) {
  for (const auto& [name, value] : line.values) {
    if (name == key && value > 0) return value;
  }
  return 0;
}

// Neighbouring steps share a bar, their mean, when there are too many.
StackedBars bars_of(const RunData& run, const std::vector<std::string>& keys) {
  StackedBars chart{"Seconds of each training step by phase", "seconds per step", {}, {}, {}};
  for (const auto& key : keys) chart.names.push_back(phase_name(key));
  const std::size_t stride = (run.metrics.size() + kMostBars - 1) / kMostBars;
  for (std::size_t begin = 0; begin < run.metrics.size(); begin += stride) {
    const std::size_t end = std::min(begin + stride, run.metrics.size());
    std::vector<double> heights(keys.size());
    double step = 0;
    for (std::size_t i = begin; i < end; ++i) {
      step += static_cast<double>(run.metrics[i].step) / static_cast<double>(end - begin);
      for (std::size_t k = 0; k < keys.size(); ++k) {
        heights[k] += value_of(run.metrics[i], keys[k]) / static_cast<double>(end - begin);
      }
    }
    chart.x.push_back(step);
    chart.heights.push_back(std::move(heights));
  }
  return chart;
}

std::string share_table(const RunData& run, const std::vector<std::string>& keys) {
  std::vector<double> seconds(keys.size());
  double total = 0;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    for (const auto& line : run.metrics) seconds[k] += value_of(line, keys[k]);
    total += seconds[k];
  }
  std::string bar;
  std::string rows;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    const double share = total > 0 ? seconds[k] / total : 0;
    const auto name = escape(phase_name(keys[k]));
    bar += fmt::format("<i class=\"c{}\" style=\"flex:{:.4f}\" title=\"{}: {}\"></i>", k % 8 + 1,
                       share, name, percent(share));
    rows += fmt::format(
        "<tr><th scope=\"row\"><span class=\"key box c{}\"></span>{}</th><td class=\"n\">{} "
        "s</td><td class=\"n\">{}</td></tr>",
        k % 8 + 1, name, number(seconds[k]), percent(share));
  }
  return fmt::format(
      "<div class=\"sharebar\" role=\"img\" aria-label=\"share of each "
      "phase\">{}</div><table><thead><tr><th>phase</th><th "
      "class=\"n\">in all</th><th class=\"n\">share</th></tr></thead><tbody>{}</tbody></table>",
      bar, rows);
}

}  // namespace

std::string time_section(const RunData& run) {
  constexpr const char* kTitle = "Where the time went";
  const auto keys = phase_keys(run);
  if (keys.empty()) {
    return section("time", kTitle, "", missing("Seconds by phase of each step come here."));
  }
  const StackedBars bars = bars_of(run, keys);
  std::vector<LegendEntry> legend;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    legend.push_back({phase_name(keys[k]), fmt::format("c{}", k % 8 + 1), "box"});
  }
  std::vector<std::string> figures{
      render({.title = "Seconds by phase",
              .explanation =
                  "Each bar is a step (or the mean of neighbouring steps), cut into its phases.",
              .legend = legend,
              .body = draw(bars)}),
      render({.title = "Share of the phases",
              .explanation = "The whole training, summed over its steps.",
              .body = share_table(run, keys)})};
  for (const std::string key : {"throughput/tokens_per_s", "memory/rss_bytes"}) {
    if (run.has(key)) figures.push_back(render(metric_figure(run, key)));
  }
  return section("time", kTitle, "", grid(figures));
}

}  // namespace alarm_dist::report

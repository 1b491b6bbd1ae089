// SPDX-License-Identifier: Apache-2.0
#include "metrics/report/phase_times.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace alarm_dist::report {
namespace {

struct Whole {
  std::string name;
  std::vector<std::string> parts;
};

const std::vector<Whole>& wholes() {
  static const std::vector<Whole> list{{"rollout", {"generate", "score", "wait"}},
                                       {"learn", {"reference", "update"}}};
  return list;
}

constexpr double kLeastRest =
    0.01;  // share of all time below which what parts leave over is not shown

using Seconds = std::map<std::string, double>;  // by phase

std::string rest_of(const std::string& whole) { return whole + ", rest"; }

std::string phase_of(const std::string& key) {
  const bool is_phase =
      key.size() > 7 && key.substr(0, 5) == "time/" && key.substr(key.size() - 2) == "_s";
  const auto name = is_phase ? key.substr(5, key.size() - 7) : "";
  return name == "step" ? "" : name;
}

void replace_by_parts(Seconds& seconds, const Whole& whole) {
  const auto found = seconds.find(whole.name);
  if (found == seconds.end()) return;
  double parts = 0;
  bool has_parts = false;
  for (const auto& part : whole.parts) {
    has_parts |= seconds.count(part) > 0;
    parts += seconds.count(part) > 0 ? seconds[part] : 0;
  }
  if (!has_parts) return;
  const double total = found->second;
  seconds.erase(found);
  seconds[rest_of(whole.name)] = std::max(0.0, total - parts);
  if (parts <= total) return;
  for (const auto& part : whole.parts) {
    if (seconds.count(part) > 0) seconds[part] *= total / parts;
  }
}

Seconds seconds_of(const MetricsLine& line) {
  Seconds seconds;
  for (const auto& [key, value] : line.values) {
    if (const auto phase = phase_of(key); !phase.empty() && value >= 0) seconds[phase] = value;
  }
  for (const auto& whole : wholes()) replace_by_parts(seconds, whole);
  return seconds;
}

bool is_rest(const std::string& name) {
  return std::any_of(wholes().begin(), wholes().end(),
                     [&](const Whole& w) { return name == rest_of(w.name); });
}

// In the order in which a step goes through them; others after these.
std::vector<std::string> ordered(const Seconds& totals) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (totals.count(name) > 0) names.push_back(name);
  };
  for (const auto& whole : wholes()) {
    for (const auto& part : whole.parts) add(part);
    add(whole.name);
    add(rest_of(whole.name));
  }
  for (const auto& [name, seconds] : totals) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

}  // namespace

std::vector<double> PhaseTimes::totals() const {
  std::vector<double> sums(names.size());
  for (const auto& step : seconds)
    std::transform(step.begin(), step.end(), sums.begin(), sums.begin(), std::plus<>());
  return sums;
}

PhaseTimes phase_times(const RunData& run) {
  std::vector<Seconds> by_step;
  Seconds totals;
  double all = 0;
  for (const auto& line : run.metrics) {
    by_step.push_back(seconds_of(line));
    for (const auto& [name, seconds] : by_step.back()) {
      totals[name] += seconds;
      all += seconds;
    }
  }
  PhaseTimes times;
  for (const auto& name : ordered(totals)) {
    if (!is_rest(name) || totals[name] >= kLeastRest * all) times.names.push_back(name);
  }
  for (std::size_t i = 0; i < by_step.size(); ++i) {
    times.steps.push_back(static_cast<double>(run.metrics[i].step));
    auto& row = times.seconds.emplace_back();
    for (const auto& name : times.names)
      row.push_back(by_step[i].count(name) > 0 ? by_step[i][name] : 0);
  }
  return times;
}

}  // namespace alarm_dist::report

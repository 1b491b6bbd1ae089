// SPDX-License-Identifier: Apache-2.0
#include "metrics/report/sample_text.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "metrics/report/html.hpp"

namespace alarm_dist::report {
namespace {

double value_at(const SampleRecord& sample, const std::string& component, std::size_t token) {
  if (component.empty()) return sample.rewards[token];
  const auto found = sample.components.find(component);
  return found == sample.components.end() ? 0 : found->second[token];
}

// Roots keep small rewards visible beside the large one on the last token.
double strength(double value, double full) {
  if (value == 0 || full <= 0) return 0;
  return std::copysign(0.15 + 0.55 * std::sqrt(std::min(1.0, std::abs(value) / full)), value);
}

std::string tip_of(const SampleRecord& sample, std::size_t token) {
  std::string tip =
      fmt::format("token {}: total {}", token + 1, signed_number(sample.rewards[token]));
  for (const auto& [name, values] : sample.components) {
    if (values[token] != 0) tip += fmt::format("; {} {}", name, signed_number(values[token]));
  }
  return tip + (sample.passed ? "; gate open" : "; gate closed");
}

bool is_marked(const SampleRecord& sample, std::int64_t begin, std::int64_t end) {
  return std::any_of(sample.marks.begin(), sample.marks.end(),
                     [&](const auto& mark) { return begin < mark.second && mark.first < end; });
}

std::string variables(const SampleRecord& sample, std::size_t token,
                      const std::vector<ColourChoice>& choices) {
  std::string text;
  for (std::size_t c = 0; c < choices.size(); ++c) {
    const double shade = strength(value_at(sample, choices[c].component, token), choices[c].full);
    if (shade != 0) text += fmt::format("--c{}:{:.2f};", c, shade);
  }
  return text;
}

}  // namespace

std::vector<ColourChoice> colour_choices(const std::vector<const SampleRecord*>& samples) {
  std::set<std::string> names{""};
  for (const auto* sample : samples) {
    for (const auto& [name, values] : sample->components) names.insert(name);
  }
  std::vector<ColourChoice> choices;
  for (const auto& name : names) {
    double full = 0;
    for (const auto* sample : samples) {
      for (std::size_t t = 0; t < sample->tokens.size(); ++t)
        full = std::max(full, std::abs(value_at(*sample, name, t)));
    }
    choices.push_back({name, full});
  }
  return choices;
}

std::string coloured_response(const SampleRecord& sample,
                              const std::vector<ColourChoice>& choices) {
  std::string text;
  std::int64_t begin = 0;
  for (std::size_t t = 0; t < sample.tokens.size(); ++t) {
    const auto end = begin + static_cast<std::int64_t>(sample.tokens[t].size());
    const bool is_end = sample.tokens[t].empty() && t + 1 == sample.tokens.size();
    const auto colours = variables(sample, t, choices);
    std::string classes = "tok";
    if (is_marked(sample, begin, end)) classes += " marked";
    if (!colours.empty()) classes += " hit";
    if (is_end) classes += " eos";
    text += fmt::format("<span class=\"{}\" style=\"{}\" title=\"{}\">{}</span>", classes, colours,
                        escape(tip_of(sample, t)), is_end ? "end" : escape(sample.tokens[t]));
    begin = end;
  }
  return text;
}

}  // namespace alarm_dist::report

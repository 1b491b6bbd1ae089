// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "metrics/report/charts.hpp"
#include "metrics/report/sections.hpp"

namespace alarm_dist::report {
namespace {

constexpr std::size_t kMostDots = 600;  // of a phase
constexpr double kStrong = 0.5;         // correlation that deserves a warning

Point place_of(const SampleRecord& sample) {
  return {static_cast<double>(sample.tokens.size()),
          std::accumulate(sample.rewards.begin(), sample.rewards.end(), 0.0)};
}

Cloud cloud_of(const RunData& run, const std::string& phase, const std::string& colour) {
  Cloud cloud{phase, colour, {}, {}};
  std::vector<const SampleRecord*> members;
  for (const auto& sample : run.samples) {
    if (sample.phase == phase) members.push_back(&sample);
  }
  const std::size_t stride = std::max<std::size_t>(1, (members.size() + kMostDots - 1) / kMostDots);
  for (std::size_t i = 0; i < members.size(); i += stride) {
    cloud.points.push_back(place_of(*members[i]));
    cloud.tips.push_back(fmt::format("{}, step {}: {:g} tokens, reward {}", phase, members[i]->step,
                                     cloud.points.back().x, number(cloud.points.back().y)));
  }
  return cloud;
}

std::string describe(const Points& points) {
  if (points.size() < 3) return "";
  const double r = correlation(points);
  const std::string value = fixed_number(r, 2);
  if (r >= kStrong) {
    return fmt::format(
        "<b>Warning:</b> longer responses are paid more (correlation {}). The model may buy reward "
        "with "
        "length: read the samples, and consider another emission or normalisation.",
        value);
  }
  if (r <= -kStrong) {
    return fmt::format(
        "<b>Warning:</b> shorter responses are paid more (correlation {}). Check that the model "
        "does not "
        "learn to say too little.",
        value);
  }
  return fmt::format("No strong pull towards long or short responses (correlation {}).", value);
}

}  // namespace

std::string length_section(const RunData& run) {
  constexpr const char* kTitle = "Reward against length";
  Scatter chart{"Reward of each response against its length",
                "response length in tokens",
                "reward per response",
                {}};
  Points all;
  std::vector<LegendEntry> legend;
  for (const auto& [phase, name, colour] : {std::tuple{"train", "during training", "c6"},
                                            {"before", "before", "c2"},
                                            {"after", "after", "c1"}}) {
    Cloud cloud = cloud_of(run, phase, colour);
    if (cloud.points.empty()) continue;
    legend.push_back({name, colour, "dot"});
    all.insert(all.end(), cloud.points.begin(), cloud.points.end());
    chart.clouds.push_back(std::move(cloud));
  }
  if (all.empty())
    return section("length", kTitle, "",
                   missing("No samples.jsonl: rewards and lengths of single responses come here."));
  legend.push_back({"trend of all", "level", "line"});
  return section(
      "length", kTitle,
      "A reward that grows with length teaches a model to ramble. Each dot is one response.",
      grid({render({.title = "Reward and response length",
                    .explanation =
                        "Total reward of a response by its number of tokens. A flat trend is what "
                        "one wants.",
                    .legend = legend,
                    .body = draw(chart),
                    .note = describe(all),
                    .is_wide = true})}));
}

}  // namespace alarm_dist::report

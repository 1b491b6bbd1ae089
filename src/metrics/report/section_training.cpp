// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "metrics/report/catalogue.hpp"
#include "metrics/report/key_groups.hpp"
#include "metrics/report/sections.hpp"

namespace alarm_dist::report {
namespace {

std::string figures_of(const RunData& run, const std::vector<std::string>& keys) {
  std::vector<std::string> figures;
  for (const auto& key : keys) {
    if (run.has(key)) figures.push_back(render(metric_figure(run, key)));
  }
  return figures.empty() ? "" : grid(figures);
}

std::string kl_figure(const RunData& run) {
  LineChart chart{.label = "KL divergence from the initial model",
                  .y_label = "nats per response",
                  .curves = {}};
  if (run.has("kl/k1")) chart.curves.push_back({"k1, plain mean", "c1", run.series("kl/k1")});
  if (run.has("kl/k3")) chart.curves.push_back({"k3, low variance", "c2", run.series("kl/k3")});
  if (chart.curves.empty()) return "";
  return render(
      {.title = "KL divergence",
       .explanation =
           "How far the model has moved from where it started, estimated in two ways that should "
           "agree roughly.",
       .legend = legend_of(chart),
       .body = draw(chart)});
}

std::string or_missing(std::string body, std::string_view what) {
  return body.empty() ? missing(what) : body;
}

}  // namespace

std::string rewards_section(const RunData& run) {
  return section(
      "rewards", "Rewards during training",
      "Faint dots are single steps, each on other prompts; the line is smoothed over neighbouring "
      "steps. "
      "Diamonds are the model's scores on the validation prompts, always the same ones.",
      or_missing(figures_of(run, reward_keys(run)),
                 "No metrics.jsonl yet: the curves of all rewards come here with the first step."));
}

std::string drift_section(const RunData& run) {
  std::vector<std::string> figures;
  if (auto kl = kl_figure(run); !kl.empty()) figures.push_back(std::move(kl));
  for (const auto& key : drift_keys()) {
    if (run.has(key)) figures.push_back(render(metric_figure(run, key)));
  }
  return section(
      "drift", "Distance from the initial model",
      "A model that drifts far from its start has often learned to please the reward models rather "
      "than "
      "the reader.",
      or_missing(figures.empty() ? "" : grid(figures), "KL and entropy by step come here."));
}

std::string optimisation_section(const RunData& run) {
  return section("optimisation", "Optimisation",
                 "Health of the updates themselves: no spikes, no drifts.",
                 or_missing(figures_of(run, optimisation_keys()),
                            "Losses, clip fraction and gradient norm by step come here."));
}

}  // namespace alarm_dist::report

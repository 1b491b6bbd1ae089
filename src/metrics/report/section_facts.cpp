// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "metrics/report/catalogue.hpp"
#include "metrics/report/sections.hpp"

namespace alarm_dist::report {
namespace {

// Shown by the sections above.
bool is_shown_elsewhere(std::string_view key) {
  for (const std::string_view prefix : {"reward/", "time/", "eval/reward/"}) {
    if (key.substr(0, prefix.size()) == prefix) return true;
  }
  for (const std::string_view name :
       {"kl/k1", "kl/k3", "kl/coef", "entropy", "length/response", "loss/policy", "loss/value",
        "clip_fraction", "grad_norm", "lr", "logprob_gap/max", "throughput/tokens_per_s",
        "memory/rss_bytes"}) {
    if (key == name) return true;
  }
  return false;
}

std::string fold(std::string_view title, const std::string& body) {
  return fmt::format("<details class=\"card\"><summary>{}</summary>{}</details>\n", escape(title),
                     body);
}

std::string other_metrics(const RunData& run) {
  std::vector<std::string> figures;
  for (const auto& key : run.keys()) {
    if (!is_shown_elsewhere(key) && run.has(key))
      figures.push_back(render(metric_figure(run, key)));
  }
  return figures.empty() ? "" : fold("All other metrics", grid(figures));
}

std::string provenance_table(const RunData& run) {
  if (run.provenance.empty())
    return missing("No provenance.json: versions, hosts and digests come here.");
  std::string rows;
  for (const auto& [key, value] : run.provenance) {
    rows += fmt::format("<tr><th scope=\"row\">{}</th><td class=\"code\">{}</td></tr>\n",
                        escape(key), escape(value));
  }
  return fold(
      "Versions, hosts, seeds and digests",
      fmt::format("<div class=\"scroll\"><table class=\"facts\"><tbody>{}</tbody></table></div>",
                  rows));
}

std::string config_text(const RunData& run) {
  if (!run.config) return missing("No config.yaml: the resolved configuration comes here.");
  return fold("Resolved configuration (config.yaml)",
              fmt::format("<pre>{}</pre>", escape(*run.config)));
}

}  // namespace

std::string facts_section(const RunData& run) {
  return section("facts", "Facts to repeat the run", "",
                 other_metrics(run) + provenance_table(run) + config_text(run));
}

}  // namespace alarm_dist::report

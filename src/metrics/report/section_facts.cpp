// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include <fmt/format.h>

#include "metrics/report/catalogue.hpp"
#include "metrics/report/key_groups.hpp"
#include "metrics/report/sections.hpp"

namespace alarm_dist::report {
namespace {

std::string fold(std::string_view title, const std::string& body) {
  return fmt::format("<details class=\"card\"><summary>{}</summary>{}</details>\n", escape(title),
                     body);
}

std::string other_metrics(const RunData& run) {
  std::vector<std::string> figures;
  for (const auto& key : other_keys(run)) {
    if (run.has(key)) figures.push_back(render(metric_figure(run, key)));
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

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "alarm/metrics/report.hpp"

#include "metrics/json_lines.hpp"
#include "metrics/report/html.hpp"
#include "metrics/report/sections.hpp"
#include "metrics/report/style.hpp"

namespace alarm_dist {
namespace {

constexpr std::string_view kNavigation =
    R"(<nav><a href="#evaluation">Before and after</a><a href="#rewards">Rewards</a><a
href="#samples">Samples</a><a href="#length">Length</a><a href="#drift">Drift</a><a href="#optimisation">Optimisation</a><a
href="#time">Time</a><a href="#judges">Judges</a><a href="#facts">Facts</a><button id="theme">light / dark</button></nav>
)";

}  // namespace

std::string make_report(const std::filesystem::path& run_dir) {
  const report::RunData run = report::load_run(run_dir);
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><title>{} - alarm-dist "
      "report</title>\n<style>{}</style></head>\n"
      "<body><main>\n",
      report::escape(report::run_name(run)), report::kStyle);
  page += kNavigation;
  for (const auto& part :
       {report::headline_section, report::evaluation_section, report::rewards_section,
        report::samples_section, report::length_section, report::drift_section,
        report::optimisation_section, report::time_section, report::reward_models_section,
        report::facts_section}) {
    page += part(run);
  }
  page += fmt::format(
      "<footer>Made by alarm-dist from the files of the run directory; <code>alarm-dist "
      "report</code> makes "
      "it again.</footer></main><script>{}</script></body></html>\n",
      report::kScript);
  return page;
}

std::filesystem::path write_report(const std::filesystem::path& run_dir) {
  auto path = run_dir / "report.html";
  metrics::write_whole(path, make_report(run_dir));
  return path;
}

}  // namespace alarm_dist

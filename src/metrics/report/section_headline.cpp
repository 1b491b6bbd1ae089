// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <numeric>

#include <fmt/format.h>

#include "alarm/metrics/progress.hpp"

#include "metrics/report/html.hpp"
#include "metrics/report/outcome.hpp"
#include "metrics/report/phase_times.hpp"
#include "metrics/report/sections.hpp"

namespace alarm_dist::report {
namespace {

std::string last_part(const std::string& path) {
  const auto slash = path.find_last_of('/', path.size() - 2);
  return slash == std::string::npos || path.empty() ? path : path.substr(slash + 1);
}

std::string without_brackets(const std::string& list) {
  const bool bracketed = list.size() >= 2 && list.front() == '[' && list.back() == ']';
  return bracketed ? list.substr(1, list.size() - 2) : list;
}

std::string with_default(std::string text, const std::string& fallback) {
  return text.empty() ? fallback : text;
}

std::string subtitle(const RunData& run) {
  const std::string model = last_part(with_default(run.fact("policy.model"), run.fact("model")));
  const std::string task = with_default(run.fact("task.name"), run.fact("task"));
  if (model.empty() && task.empty()) return "";
  std::string text =
      fmt::format("<b>{}</b> trained on <b>{}</b>", escape(with_default(model, "a model")),
                  escape(with_default(task, "a task")));
  const std::string algorithm = run.fact("algorithm.kind");
  if (!algorithm.empty()) text += fmt::format(" with <b>{}</b>", escape(algorithm));
  const std::string composition = run.fact("rewards.compose.kind");
  if (!composition.empty())
    text += fmt::format(", rewards composed as <b>{}</b>", escape(composition));
  const std::string aspects = without_brackets(run.fact("rewards.compose.use"));
  if (!aspects.empty()) text += fmt::format(", aspects in use: <b>{}</b>", escape(aspects));
  return text + ".";
}

double training_seconds(const RunData& run) {
  const auto totals = phase_times(run).totals();
  return std::accumulate(totals.begin(), totals.end(), 0.0);
}

// Prompt and response tokens, from the throughput and the time of each step.
double tokens_processed(const RunData& run) {
  const Points speed = run.series("throughput/tokens_per_s");
  const Points seconds = run.series("time/step_s");
  if (speed.size() != seconds.size()) return 0;
  return std::inner_product(speed.begin(), speed.end(), seconds.begin(), 0.0, std::plus<>(),
                            [](Point a, Point b) { return a.y * b.y; });
}

double mean_of_series(const RunData& run, std::string_view key) {
  const Points points = run.series(key);
  const double sum =
      std::accumulate(points.begin(), points.end(), 0.0, [](double s, Point p) { return s + p.y; });
  return sum / static_cast<double>(points.size());
}

std::string tile(const std::string& value, const std::string& name) {
  if (value.empty()) return "";
  return fmt::format("<div class=\"tile\"><b>{}</b><span>{}</span></div>", escape(value),
                     escape(name));
}

std::string tiles(const RunData& run) {
  std::string body;
  if (!run.metrics.empty())
    body += tile(fmt::format("{}", run.metrics.back().step), "training steps");
  if (const double seconds = training_seconds(run); seconds > 0)
    body += tile(format_duration(seconds), "training time");
  if (const double tokens = tokens_processed(run); tokens > 0)
    body += tile(number(tokens), "tokens processed");
  if (run.has("throughput/tokens_per_s")) {
    body += tile(number(mean_of_series(run, "throughput/tokens_per_s")), "tokens a second");
  }
  body += tile(run.fact("world"), "ranks");
  body += tile(run.fact("placement"), "placement");
  return fmt::format("<div class=\"tiles\">{}</div>\n", body);
}

std::string outcome_box(const RunData& run) {
  if (!run.evaluation) {
    return missing(
        "Not evaluated yet: when the run has ended, this place says whether the rewards rose on "
        "held-out "
        "prompts.");
  }
  const Judgement judgement = judge_run(*run.evaluation);
  const std::string title = judgement.verdict == Verdict::kGood  ? "The objective was reached"
                            : judgement.verdict == Verdict::kBad ? "The objective was not reached"
                                                                 : "No clear outcome";
  return fmt::format(
      "<div class=\"outcome {}\"><span class=\"mark\" "
      "aria-hidden=\"true\">{}</span><div><b>{}</b><p>{}</p></div></div>\n",
      colour_of(judgement.verdict), mark_of(judgement.verdict), title, escape(judgement.words));
}

}  // namespace

std::string run_name(const RunData& run) {
  return with_default(run.fact("run.name"), with_default(run.fact("name"), run.folder));
}

std::string headline_section(const RunData& run) {
  return fmt::format(
      "<header><p class=\"kicker\">alarm-dist run report</p><h1>{}</h1><p "
      "class=\"subtitle\">{}</p>\n{}{}</header>\n",
      escape(run_name(run)), subtitle(run), outcome_box(run), tiles(run));
}

}  // namespace alarm_dist::report

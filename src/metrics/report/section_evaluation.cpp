// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <fmt/format.h>

#include "metrics/report/charts.hpp"
#include "metrics/report/outcome.hpp"
#include "metrics/report/sections.hpp"

namespace alarm_dist::report {
namespace {

std::string role_text(RowRole role) {
  switch (role) {
    case RowRole::kHolistic:
      return "objective: must rise";
    case RowRole::kAspect:
      return "in use: must not fall";
    case RowRole::kOther:
      return "watched only";
  }
  return "";
}

// One number of decimals for a whole row, so that its columns can be compared.
int decimals_for(const EvaluationRow& row) {
  const double size = std::max(std::abs(row.before_mean), std::abs(row.after_mean));
  return size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
}

std::string table_row(const EvaluationRow& row) {
  const Judgement judgement = judge_row(row);
  const int decimals = decimals_for(row);
  const auto cell = [&](double value) { return fixed_number(value, decimals); };
  const auto signed_cell = [&](double value) { return (value > 0 ? "+" : "") + cell(value); };
  return fmt::format(
      "<tr><th scope=\"row\">{}</th><td class=\"role\">{}</td><td class=\"n\">{}</td><td "
      "class=\"n\">{}</td><td "
      "class=\"n\"><b>{}</b></td>"
      "<td class=\"n\">{} to {}</td><td><span class=\"chip {}\">{} {}</span></td></tr>\n",
      escape(row.name), role_text(row.role), cell(row.before_mean), cell(row.after_mean),
      signed_cell(row.difference), signed_cell(row.interval.low), signed_cell(row.interval.high),
      colour_of(judgement.verdict), mark_of(judgement.verdict), judgement.words);
}

std::string table(const Evaluation& evaluation) {
  std::string rows;
  for (const auto& row : evaluation.rows) rows += table_row(row);
  return fmt::format(
      "<div class=\"card scroll\"><table><thead><tr><th>reward</th><th class=\"role\">role</th><th "
      "class=\"n\">before</th><th "
      "class=\"n\">after</th><th class=\"n\">difference</th><th class=\"n\">95% "
      "interval</th><th>verdict</th></tr></thead>\n"
      "<tbody>{}</tbody></table></div>\n",
      rows);
}

double deviation_of(const std::vector<double>& values) {
  const double mean = mean_of(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return values.empty() ? 0 : std::sqrt(squares / static_cast<double>(values.size()));
}

// Rewards have scales of their own; divided by the spread of the values before, they fit one axis.
std::string interval_figure(const Evaluation& evaluation) {
  std::vector<IntervalRow> rows;
  for (const auto& row : evaluation.rows) {
    const auto values = evaluation.per_prompt.find(row.name);
    if (values == evaluation.per_prompt.end()) continue;
    double unit = deviation_of(values->second.before);
    if (unit <= 0) unit = deviation_of(values->second.after);
    if (unit <= 0) continue;
    rows.push_back({row.name,
                    row.difference / unit,
                    {row.interval.low / unit, row.interval.high / unit},
                    colour_of(judge_row(row).verdict),
                    signed_number(row.difference / unit) + " sd"});
  }
  if (rows.empty()) return "";
  return render(
      {.title = "How far each reward moved",
       .explanation =
           "Dot: mean change over the prompts. Line: 95% interval; one that keeps clear of zero is "
           "not chance.",
       .body = draw_intervals(rows, "change, in standard deviations before training"),
       .is_wide = true});
}

std::string distribution_figure(const std::string& name, const PairedValues& values) {
  return render(
      {.title = "Distribution: " + name,
       .explanation =
           "Number of prompts by value, before and after training; upright lines are the means.",
       .legend = {{"before", "c2", "box"}, {"after", "c1", "box"}},
       .body = draw(TwoHistograms{"Distribution of " + name + " before and after", name,
                                  values.before, values.after})});
}

}  // namespace

std::string evaluation_section(const RunData& run) {
  constexpr const char* kTitle = "Before and after";
  if (!run.evaluation) {
    return section(
        "evaluation", kTitle, "",
        missing("No evaluation.json: the table of rewards before and after training comes here."));
  }
  const Evaluation& evaluation = *run.evaluation;
  std::vector<std::string> figures;
  if (auto intervals = interval_figure(evaluation); !intervals.empty())
    figures.push_back(std::move(intervals));
  for (const auto& row : evaluation.rows) {
    const auto values = evaluation.per_prompt.find(row.name);
    const bool has_both = values != evaluation.per_prompt.end() && !values->second.before.empty() &&
                          !values->second.after.empty();
    if (has_both) figures.push_back(distribution_figure(row.name, values->second));
  }
  const auto introduction = fmt::format(
      "The model as it was and as it is now answer the same {} prompts of the <b>{}</b> split, "
      "which training never saw. "
      "The interval comes from 10,000 bootstrap resamples of the prompts.",
      evaluation.prompts, escape(evaluation.split));
  return section("evaluation", kTitle, introduction, table(evaluation) + grid(figures));
}

}  // namespace alarm_dist::report

// SPDX-License-Identifier: Apache-2.0
#include "metrics/report/outcome.hpp"

#include <fmt/format.h>

#include "metrics/report/html.hpp"

namespace alarm_dist::report {
namespace {

std::string objective_words(const std::string& row) {
  return row == "logprob" ? "mean log-probability of the expert's answers" : row + " reward";
}

std::string describe_objective(const EvaluationRow& row, const Evaluation& evaluation) {
  const std::string verb = !row.significant     ? "did not change clearly"
                           : row.difference > 0 ? "rose"
                                                : "fell";
  const std::string where = evaluation.split.empty() ? "held-out" : evaluation.split;
  return fmt::format(
      "The {} {} from {} to {} on {} prompts of the {} split (difference {}, 95% interval "
      "{} to {}).",
      objective_words(row.name), verb, number(row.before_mean), number(row.after_mean),
      evaluation.prompts, where, signed_number(row.difference), signed_number(row.interval.low),
      signed_number(row.interval.high));
}

bool fell(const EvaluationRow& row) { return row.significant && row.difference < 0; }

std::string describe_aspects(const Evaluation& evaluation) {
  std::string fallen;
  int in_use = 0;
  for (const auto& row : evaluation.rows) {
    if (row.role != RowRole::kAspect) continue;
    ++in_use;
    if (fell(row)) fallen += (fallen.empty() ? "" : ", ") + row.name;
  }
  if (in_use == 0) return "";
  if (!fallen.empty())
    return fmt::format(" Of the aspects in use, fell significantly: {}.", fallen);
  return in_use == 1 ? " The aspect in use did not fall significantly."
                     : fmt::format(" None of the {} aspects in use fell significantly.", in_use);
}

}  // namespace

Judgement judge_row(const EvaluationRow& row) {
  if (!row.significant) return {Verdict::kUnclear, "no clear change"};
  const bool rose = row.difference > 0;
  if (row.role == RowRole::kOther) return {Verdict::kUnclear, rose ? "rose" : "fell"};
  return {rose ? Verdict::kGood : Verdict::kBad, rose ? "rose" : "fell"};
}

Judgement judge_run(const Evaluation& evaluation) {
  Judgement judgement;
  bool objective_rose = false;
  bool something_fell = false;
  for (const auto& row : evaluation.rows) {
    if (row.role == RowRole::kHolistic) {
      judgement.words += (judgement.words.empty() ? "" : " ") + describe_objective(row, evaluation);
      objective_rose = row.significant && row.difference > 0;
    }
    something_fell |= row.role != RowRole::kOther && fell(row);
  }
  if (judgement.words.empty())
    judgement.words = "The evaluation holds no objective to judge the run by.";
  judgement.words += describe_aspects(evaluation);
  if (something_fell) {
    judgement.verdict = Verdict::kBad;
  } else if (objective_rose) {
    judgement.verdict = Verdict::kGood;
  }
  return judgement;
}

std::string colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kGood:
      return "good";
    case Verdict::kBad:
      return "bad";
    case Verdict::kUnclear:
      return "muted";
  }
  return "muted";
}

std::string mark_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kGood:
      return "\xe2\x9c\x93";  // check mark
    case Verdict::kBad:
      return "\xe2\x9c\x97";  // cross
    case Verdict::kUnclear:
      return "\xe2\x80\x93";  // dash
  }
  return "";
}

}  // namespace alarm_dist::report

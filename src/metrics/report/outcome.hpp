// SPDX-License-Identifier: Apache-2.0
// What the evaluation says about a run, in words: the judgement of the whole and of each row.
#pragma once

#include <string>

#include "alarm/metrics/run_files.hpp"

namespace alarm_dist::report {

enum class Verdict { kGood, kBad, kUnclear };

struct Judgement {
  Verdict verdict = Verdict::kUnclear;
  std::string words;
};

// A row by itself. What is watched but not part of the reward is never good or bad.
Judgement judge_row(const EvaluationRow& row);

// Good: the objective rose significantly and no aspect in use fell significantly. Bad: the
// objective fell or an aspect did.
Judgement judge_run(const Evaluation& evaluation);

std::string colour_of(Verdict verdict);  // class: good | bad | muted
std::string mark_of(Verdict verdict);    // a sign that needs no colour

}  // namespace alarm_dist::report

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "metrics/report/charts.hpp"
#include "metrics/report/sections.hpp"

namespace alarm_dist::report {
namespace {

std::string describe(const RewardModelSummary& model) {
  std::string text = model.kind;
  if (model.auc)
    text += fmt::format("; area under the ROC curve {} (0.5 is guessing, 1 is perfect)",
                        fixed_number(*model.auc, 3));
  if (model.seconds > 0) text += fmt::format("; trained in {} s", number(model.seconds));
  return text + ".";
}

std::string figure_of(const RewardModelSummary& model) {
  std::vector<ShareRow> rows;
  for (const auto& [kind, correct, count] : model.accuracy) rows.push_back({kind, correct, count});
  return render(
      {.title = model.name,
       .explanation = describe(model),
       .body = rows.empty() ? ""
                            : draw_shares(rows, "Accuracy of " + model.name + " by kind of pair")});
}

}  // namespace

std::string reward_models_section(const RunData& run) {
  constexpr const char* kTitle = "How good the judges are";
  if (run.reward_models.empty()) {
    return section("judges", kTitle, "",
                   missing("No reward_models.json: accuracies of the reward models come here."));
  }
  std::vector<std::string> figures;
  for (const auto& model : run.reward_models) figures.push_back(figure_of(model));
  return section("judges", kTitle,
                 "A reward is only worth what its model can tell apart. Bars: share of held-out "
                 "examples that it judged "
                 "rightly, by kind, with the 95% interval as a line.",
                 grid(figures));
}

}  // namespace alarm_dist::report

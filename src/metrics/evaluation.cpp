// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "alarm/base/error.hpp"
#include "alarm/metrics/run_files.hpp"

#include "metrics/json_lines.hpp"

namespace alarm_dist {
namespace {

using metrics::Json;

constexpr const char* kFileName = "evaluation.json";

std::string role_name(RowRole role) {
  switch (role) {
    case RowRole::kHolistic:
      return "holistic";
    case RowRole::kAspect:
      return "aspect";
    case RowRole::kOther:
      return "other";
  }
  return "other";
}

RowRole parse_role(const std::string& name) {
  if (name == "holistic") return RowRole::kHolistic;
  if (name == "aspect") return RowRole::kAspect;
  return RowRole::kOther;
}

Json to_json(const EvaluationRow& row) {
  return Json{{"name", row.name},
              {"role", role_name(row.role)},
              {"before_mean", row.before_mean},
              {"after_mean", row.after_mean},
              {"difference", row.difference},
              {"low", row.interval.low},
              {"high", row.interval.high},
              {"significant", row.significant}};
}

EvaluationRow row_from_json(const Json& json) {
  EvaluationRow row;
  json.at("name").get_to(row.name);
  row.role = parse_role(json.at("role").get<std::string>());
  json.at("before_mean").get_to(row.before_mean);
  json.at("after_mean").get_to(row.after_mean);
  json.at("difference").get_to(row.difference);
  json.at("low").get_to(row.interval.low);
  json.at("high").get_to(row.interval.high);
  json.at("significant").get_to(row.significant);
  return row;
}

}  // namespace

void Evaluation::add(const std::string& name, RowRole role, PairedValues values,
                     std::uint64_t seed) {
  const Interval interval =
      bootstrap_paired_difference(values.before, values.after, {.seed = seed});
  const double before = mean_of(values.before);
  const double after = mean_of(values.after);
  rows.push_back({name, role, before, after, after - before, interval, interval.excludes_zero()});
  prompts = std::max(prompts, static_cast<std::int64_t>(values.before.size()));
  per_prompt[name] = std::move(values);
}

const EvaluationRow* Evaluation::find(const std::string& name) const {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

void write_evaluation(const std::filesystem::path& run_dir, const Evaluation& evaluation) {
  Json json{{"prompts", evaluation.prompts}, {"split", evaluation.split}};
  json["rows"] = Json::array();
  for (const auto& row : evaluation.rows) json["rows"].push_back(to_json(row));
  json["per_prompt"] = Json::object();
  for (const auto& [name, values] : evaluation.per_prompt) {
    json["per_prompt"][name] = Json{{"before", values.before}, {"after", values.after}};
  }
  metrics::write_whole(run_dir / kFileName, metrics::dump(json) + '\n');
}

std::optional<Evaluation> read_evaluation(const std::filesystem::path& run_dir) {
  const auto path = run_dir / kFileName;
  const auto json = metrics::read_json_if_there(path);
  if (!json) return std::nullopt;
  return metrics::converting(path, [&] {
    Evaluation evaluation;
    json->at("prompts").get_to(evaluation.prompts);
    json->at("split").get_to(evaluation.split);
    for (const auto& row : json->at("rows")) evaluation.rows.push_back(row_from_json(row));
    for (const auto& [name, values] : json->at("per_prompt").items()) {
      auto& pair = evaluation.per_prompt[name];
      values.at("before").get_to(pair.before);
      values.at("after").get_to(pair.after);
    }
    return evaluation;
  });
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "alarm/metrics/run_files.hpp"

#include "metrics/json_lines.hpp"

namespace alarm_dist {
namespace {

using metrics::Json;

constexpr const char* kFileName = "reward_models.json";

Json to_json(const RewardModelSummary& model) {
  Json json{
      {"name", model.name}, {"kind", model.kind}, {"auc", nullptr}, {"seconds", model.seconds}};
  if (model.auc) json["auc"] = *model.auc;
  json["accuracy"] = Json::array();
  for (const auto& [kind, correct, count] : model.accuracy) {
    json["accuracy"].push_back(Json{{"kind", kind}, {"correct", correct}, {"count", count}});
  }
  return json;
}

RewardModelSummary from_json(const Json& json) {
  RewardModelSummary model;
  json.at("name").get_to(model.name);
  json.at("kind").get_to(model.kind);
  if (!json.at("auc").is_null()) model.auc = json.at("auc").get<double>();
  json.at("seconds").get_to(model.seconds);
  for (const auto& pair : json.at("accuracy")) {
    model.accuracy.push_back({pair.at("kind").get<std::string>(),
                              pair.at("correct").get<std::int64_t>(),
                              pair.at("count").get<std::int64_t>()});
  }
  return model;
}

}  // namespace

void write_reward_models(const std::filesystem::path& run_dir,
                         std::span<const RewardModelSummary> models) {
  Json json = Json::array();
  for (const auto& model : models) json.push_back(to_json(model));
  metrics::write_whole(run_dir / kFileName, metrics::dump(json) + '\n');
}

std::vector<RewardModelSummary> read_reward_models(const std::filesystem::path& run_dir) {
  const auto path = run_dir / kFileName;
  const auto json = metrics::read_json_if_there(path);
  if (!json) return {};
  return metrics::converting(path, [&] {
    std::vector<RewardModelSummary> models;
    for (const auto& model : *json) models.push_back(from_json(model));
    return models;
  });
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/model_card.hpp"

#include <fstream>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

using nlohmann::json;

std::string_view kind_of(const RewardModelCard& card) {
  return card.granularity == Granularity::kResponse ? "response" : "sentence";
}

void check_card(const RewardModelCard& card) {
  check_template(card.input);
  ALARM_CHECK(card.granularity != Granularity::kToken, "a reward model cannot score by token");
  const bool sentences = card.granularity != Granularity::kResponse;
  ALARM_CHECK(scores_sentences(card.input) == sentences,
              "granularity {} does not go with the template '{}' + '{}'",
              to_string(card.granularity), card.input.first, card.input.second);
}

json template_to_json(const InputTemplate& input) {
  return {{"first", input.first},
          {"second", input.second},
          {"max_document_tokens", input.max_document_tokens},
          {"document_cut", input.document_cut == DocumentCut::kMiddle ? "middle" : "end"}};
}

json labels_to_json(const std::vector<LabelValue>& labels) {
  json list = json::array();
  for (const auto& [label, value] : labels) list.push_back({{"label", label}, {"value", value}});
  return list;
}

std::vector<LabelValue> labels_from_json(const json& object) {
  std::vector<LabelValue> labels;
  const json list = object.value("labels", json::array());
  for (const json& entry : list) {
    labels.push_back(
        {.label = entry.at("label").get<std::int64_t>(), .value = entry.at("value").get<double>()});
  }
  return labels;
}

DocumentCut parse_cut(const std::string& word) {
  ALARM_CHECK(word == "end" || word == "middle", "document_cut is '{}', expected end or middle",
              word);
  return word == "middle" ? DocumentCut::kMiddle : DocumentCut::kEnd;
}

RewardModelCard card_from_json(const json& object) {
  const json& input = object.at("template");
  RewardModelCard card{
      .name = object.at("name").get<std::string>(),
      .granularity = parse_granularity(object.at("granularity").get<std::string>()),
      .input = {.first = input.at("first").get<std::string>(),
                .second = input.at("second").get<std::string>(),
                .max_tokens = object.at("max_tokens").get<std::int64_t>(),
                .max_document_tokens = input.value("max_document_tokens", std::int64_t{0}),
                .document_cut = parse_cut(input.value("document_cut", "end"))},
      .labels = labels_from_json(object),
      .trained_on = object.value("trained_on", ""),
      .accuracy = object.value("accuracy", std::map<std::string, double>{}),
      .recipe = object.value("recipe", std::map<std::string, std::string>{})};
  check_card(card);
  const auto kind = object.value("kind", std::string(kind_of(card)));
  ALARM_CHECK(kind == kind_of(card), "kind is '{}', but granularity {} scores by {}", kind,
              to_string(card.granularity), kind_of(card));
  return card;
}

}  // namespace

RewardModelCard load_reward_model_card(const std::filesystem::path& dir) {
  const std::filesystem::path path = dir / kRewardModelCard;
  std::ifstream file(path);
  ALARM_CHECK(
      file.good(),
      "{} cannot be read: it makes a folder a reward model (alarm-dist reward-model writes it)",
      path.string());
  try {
    return card_from_json(json::parse(file));
  } catch (const json::exception& error) {
    throw Error(fmt::format("{}: {}", path.string(), error.what()));
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", path.string(), error.what()));
  }
}

void save_reward_model_card(const std::filesystem::path& dir, const RewardModelCard& card) {
  check_card(card);
  json object = {{"name", card.name},
                 {"kind", kind_of(card)},
                 {"granularity", to_string(card.granularity)},
                 {"template", template_to_json(card.input)},
                 {"max_tokens", card.input.max_tokens},
                 {"trained_on", card.trained_on},
                 {"accuracy", card.accuracy},
                 {"recipe", card.recipe}};
  if (!card.labels.empty()) object["labels"] = labels_to_json(card.labels);
  std::filesystem::create_directories(dir);
  const std::filesystem::path path = dir / kRewardModelCard;
  std::ofstream file(path);
  file << object.dump(2) << '\n';
  file.close();
  ALARM_CHECK(file.good(), "{} cannot be written", path.string());
}

}  // namespace alarm_dist

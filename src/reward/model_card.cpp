// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/model_card.hpp"

#include <fstream>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"

#include "reward/card_json.hpp"

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
  if (!object.contains("labels")) return labels;
  const json& list = object.at("labels");
  ALARM_CHECK(list.is_array(), "\"labels\": expected a list, found {}", list.type_name());
  for (const json& entry : list) {
    check_keys(entry, {"label", "value"});
    labels.push_back({.label = count_of(entry, "label"), .value = entry.at("value").get<double>()});
  }
  return labels;
}

DocumentCut parse_cut(const std::string& word) {
  ALARM_CHECK(word == "end" || word == "middle", "document_cut is '{}', expected end or middle",
              word);
  return word == "middle" ? DocumentCut::kMiddle : DocumentCut::kEnd;
}

void check_known(const json& object) {
  check_keys(object, {"name", "kind", "granularity", "template", "max_tokens", "labels",
                      "trained_on", "accuracy", "recipe"});
  check_keys(object.at("template"), {"first", "second", "max_document_tokens", "document_cut"});
}

RewardModelCard card_from_json(const json& object) {
  check_known(object);
  const json& input = object.at("template");
  RewardModelCard card{
      .name = text_of(object, "name"),
      .granularity = parse_granularity(text_of(object, "granularity")),
      .input = {.first = text_of(input, "first"),
                .second = text_of(input, "second"),
                .max_tokens = count_of(object, "max_tokens"),
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
  ALARM_CHECK(std::filesystem::exists(path),
              "{} is missing: it makes a folder a reward model (alarm-dist reward-model writes it)",
              path.string());
  RewardModelCard card;
  read_card(path, [&](const json& object) { card = card_from_json(object); });
  return card;
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

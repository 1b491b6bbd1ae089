// SPDX-License-Identifier: Apache-2.0
#include "reward/decoder_card.hpp"

#include <nlohmann/json.hpp>

#include "alarm/reward/model_card.hpp"

#include "reward/card_json.hpp"

namespace alarm_dist {
namespace {

DecoderReading reading_of(const nlohmann::json& card) {
  check_keys(card, {"template", "max_tokens", "label", "name", "trained_on"});
  DecoderReading reading;
  if (card.contains("template")) reading.input = text_of(card, "template");
  if (card.contains("max_tokens")) reading.max_tokens = count_of(card, "max_tokens");
  if (card.contains("label")) reading.label = count_of(card, "label");
  return reading;
}

}  // namespace

DecoderReading complete_reading(DecoderReading wanted, const std::filesystem::path& dir) {
  const auto path = dir / kRewardModelCard;
  if (!std::filesystem::exists(path)) return wanted;
  DecoderReading card;
  read_card(path, [&](const nlohmann::json& object) { card = reading_of(object); });
  if (wanted.input.empty()) wanted.input = card.input;
  if (wanted.max_tokens == 0) wanted.max_tokens = card.max_tokens;
  if (wanted.label < 0) wanted.label = card.label;
  return wanted;
}

}  // namespace alarm_dist

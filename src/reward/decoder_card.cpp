// SPDX-License-Identifier: Apache-2.0
#include "reward/decoder_card.hpp"

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/base/json_depth.hpp"
#include "alarm/reward/model_card.hpp"
#include "alarm/store/atomic_file.hpp"

namespace alarm_dist {
namespace {

using nlohmann::json;

std::string text_of(const json& value, const std::string& where) {
  ALARM_CHECK(value.is_string(), "{}: expected a text, found {}", where, value.type_name());
  return value.get<std::string>();
}

std::int64_t count_of(const json& value, const std::string& where) {
  ALARM_CHECK(value.is_number_integer() && value.get<std::int64_t>() >= 0,
              "{}: expected a whole number of at least 0, found {}", where, value.dump());
  return value.get<std::int64_t>();
}

DecoderReading read_card(const std::filesystem::path& path) {
  const auto text = read_whole_file(path);
  check_json_depth(text, path.string());
  const json card = json::parse(text, nullptr, /*allow_exceptions=*/false);
  ALARM_CHECK(card.is_object(), "{}: expected a JSON object", path.string());
  DecoderReading reading;
  for (const auto& [key, value] : card.items()) {
    const auto where = fmt::format("{}: \"{}\"", path.string(), key);
    if (key == "template") {
      reading.input = text_of(value, where);
    } else if (key == "max_tokens") {
      reading.max_tokens = count_of(value, where);
    } else if (key == "label") {
      reading.label = count_of(value, where);
    } else {
      ALARM_CHECK(key == "name" || key == "trained_on",
                  "{}: not known for a decoder; expected template, max_tokens, label, name or "
                  "trained_on",
                  where);
    }
  }
  return reading;
}

}  // namespace

DecoderReading complete_reading(DecoderReading wanted, const std::filesystem::path& dir) {
  const auto path = dir / kRewardModelCard;
  if (!std::filesystem::exists(path)) return wanted;
  const DecoderReading card = read_card(path);
  if (wanted.input.empty()) wanted.input = card.input;
  if (wanted.max_tokens == 0) wanted.max_tokens = card.max_tokens;
  if (wanted.label < 0) wanted.label = card.label;
  return wanted;
}

}  // namespace alarm_dist

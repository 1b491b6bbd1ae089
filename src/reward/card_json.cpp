// SPDX-License-Identifier: Apache-2.0
#include "reward/card_json.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/base/json_depth.hpp"
#include "alarm/store/atomic_file.hpp"

namespace alarm_dist {

using nlohmann::json;

void read_card(const std::filesystem::path& path, const std::function<void(const json&)>& read) {
  const auto text = read_whole_file(path);
  check_json_depth(text, path.string());
  const json card = json::parse(text, nullptr, /*allow_exceptions=*/false);
  ALARM_CHECK(card.is_object(), "{}: expected a JSON object", path.string());
  try {
    read(card);
  } catch (const json::exception& error) {
    throw Error(fmt::format("{}: {}", path.string(), error.what()));
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", path.string(), error.what()));
  }
}

void check_keys(const json& object, std::initializer_list<std::string_view> known) {
  ALARM_CHECK(object.is_object(), "expected an object of {}, found {}", fmt::join(known, ", "),
              object.type_name());
  for (const auto& [key, value] : object.items()) {
    ALARM_CHECK(std::ranges::find(known, key) != known.end(),
                "\"{}\": not known here; expected one of: {}", key, fmt::join(known, ", "));
  }
}

std::string text_of(const json& object, const char* key) {
  const json& value = object.at(key);
  ALARM_CHECK(value.is_string(), "\"{}\": expected a text, found {}", key, value.type_name());
  return value.get<std::string>();
}

std::int64_t count_of(const json& object, const char* key) {
  const json& value = object.at(key);
  ALARM_CHECK(value.is_number_integer() && value.get<std::int64_t>() >= 0,
              "\"{}\": expected a whole number of at least 0, found {}", key, value.dump());
  return value.get<std::int64_t>();
}

}  // namespace alarm_dist

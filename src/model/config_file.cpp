// SPDX-License-Identifier: Apache-2.0
#include "model/config_file.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"

#include "model/json_file.hpp"

namespace alarm_dist {

using Json = nlohmann::ordered_json;

ConfigFile::ConfigFile(const std::filesystem::path& path)
    : path_(path.string()), json_(std::make_shared<const Json>(read_json_object(path))) {}

ConfigFile::ConfigFile(std::string path, std::string prefix, std::shared_ptr<const Json> json)
    : path_(std::move(path)), prefix_(std::move(prefix)), json_(std::move(json)) {}

bool ConfigFile::has(std::string_view key) const {
  const auto found = json_->find(key);
  return found != json_->end() && !found->is_null();
}

bool ConfigFile::is_null(std::string_view key) const {
  const auto found = json_->find(key);
  return found != json_->end() && found->is_null();
}

const Json& ConfigFile::at(std::string_view key) const {
  ALARM_CHECK(has(key), "{}: \"{}{}\" is missing", path_, prefix_, key);
  return *json_->find(key);
}

ConfigFile ConfigFile::section(std::string_view key) const {
  const auto name = prefix_ + std::string(key) + ".";
  if (!has(key)) return {path_, name, std::make_shared<const Json>(Json::object())};
  if (!at(key).is_object()) refuse(key, "an object");
  return {path_, name, std::make_shared<const Json>(at(key))};
}

std::int64_t ConfigFile::size(std::string_view key) const {
  const Json& value = at(key);
  if (!value.is_number_integer() || value.get<std::int64_t>() <= 0)
    refuse(key, "a whole number above 0");
  return value.get<std::int64_t>();
}

std::int64_t ConfigFile::size_or(std::string_view key, std::int64_t fallback) const {
  return has(key) ? size(key) : fallback;
}

double ConfigFile::number(std::string_view key) const {
  if (!at(key).is_number()) refuse(key, "a number");
  return at(key).get<double>();
}

double ConfigFile::number_or(std::string_view key, double fallback) const {
  return has(key) ? number(key) : fallback;
}

double ConfigFile::positive(std::string_view key) const {
  const double found = number(key);
  if (!(found > 0)) refuse(key, "a number above 0");
  return found;
}

double ConfigFile::positive_or(std::string_view key, double fallback) const {
  return has(key) ? positive(key) : fallback;
}

bool ConfigFile::flag_or(std::string_view key, bool fallback) const {
  if (!has(key)) return fallback;
  if (!at(key).is_boolean()) refuse(key, "true or false");
  return at(key).get<bool>();
}

std::string ConfigFile::text(std::string_view key) const {
  if (!at(key).is_string()) refuse(key, "a text");
  return at(key).get<std::string>();
}

std::string ConfigFile::text_or(std::string_view key, std::string_view fallback) const {
  return has(key) ? text(key) : std::string(fallback);
}

std::vector<std::string> ConfigFile::texts(std::string_view key) const {
  std::vector<std::string> found;
  if (!at(key).is_array()) refuse(key, "a list of texts");
  for (const Json& value : at(key)) {
    if (!value.is_string()) refuse(key, "a list of texts");
    found.push_back(value.get<std::string>());
  }
  return found;
}

bool ConfigFile::is_text(std::string_view key) const { return has(key) && at(key).is_string(); }

std::vector<std::int64_t> ConfigFile::numbers(std::string_view key) const {
  if (!has(key)) return {};
  const Json list = at(key).is_array() ? at(key) : Json::array({at(key)});
  std::vector<std::int64_t> found;
  for (const Json& value : list) {
    if (!value.is_number_integer()) refuse(key, "a whole number or a list of them");
    found.push_back(value.get<std::int64_t>());
  }
  return found;
}

void ConfigFile::check_tokens(std::int64_t vocabulary) const {
  for (const char* key :
       {"eos_token_id", "bos_token_id", "pad_token_id", "decoder_start_token_id"}) {
    for (const auto token : numbers(key)) {
      if (token >= vocabulary || token < -1)
        refuse(key, fmt::format("tokens of the vocabulary of {}", vocabulary));
    }
  }
}

void ConfigFile::refuse(std::string_view key, std::string_view supported) const {
  throw Error(fmt::format("{}: \"{}{}\" is {}; supported: {}", path_, prefix_, key,
                          has(key) ? at(key).dump() : "missing", supported));
}

void ConfigFile::expect_unset(std::string_view key) const {
  if (flag_or(key, false)) refuse(key, "false");
}

}  // namespace alarm_dist

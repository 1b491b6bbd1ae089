// SPDX-License-Identifier: Apache-2.0
#include "text/json_field.hpp"

#include <fstream>
#include <iterator>

#include "alarm/base/json_depth.hpp"

namespace alarm_dist {

bool JsonField::has(const std::string& key) const {
  if (!value_->is_object()) return false;
  const auto found = value_->find(key);
  return found != value_->end() && !found->is_null();
}

JsonField JsonField::at(const std::string& key) const {
  if (!value_->is_object()) fail_kind("an object");
  const auto found = value_->find(key);
  ALARM_CHECK(found != value_->end(), "{}: key \"{}\" is missing", where(), key);
  return {*found, file_, key_.empty() ? key : key_ + "." + key};
}

std::vector<JsonField> JsonField::elements() const {
  if (!value_->is_array()) fail_kind("an array");
  std::vector<JsonField> out;
  for (std::size_t i = 0; i < value_->size(); ++i) {
    out.emplace_back((*value_)[i], file_, fmt::format("{}[{}]", key_, i));
  }
  return out;
}

std::string JsonField::text() const {
  if (!value_->is_string()) fail_kind("a string");
  return value_->get<std::string>();
}

std::int64_t JsonField::integer() const {
  if (!value_->is_number_integer()) fail_kind("an integer");
  return value_->get<std::int64_t>();
}

double JsonField::number() const {
  if (!value_->is_number()) fail_kind("a number");
  return value_->get<double>();
}

bool JsonField::boolean() const {
  if (!value_->is_boolean()) fail_kind("true or false");
  return value_->get<bool>();
}

std::string JsonField::text_or(const std::string& key, const std::string& fallback) const {
  return has(key) ? at(key).text() : fallback;
}

std::int64_t JsonField::integer_or(const std::string& key, std::int64_t fallback) const {
  return has(key) ? at(key).integer() : fallback;
}

bool JsonField::boolean_or(const std::string& key, bool fallback) const {
  return has(key) ? at(key).boolean() : fallback;
}

void JsonField::refuse(const std::string& what) const {
  throw Error(fmt::format("{}: {} is not supported", where(), what));
}

void JsonField::refuse(const std::string& what, const std::string& supported) const {
  throw Error(fmt::format("{}: {} is not supported; supported: {}", where(), what, supported));
}

void JsonField::fail_kind(const char* expected) const {
  throw Error(fmt::format("{}: expected {}, found {}", where(), expected, value_->type_name()));
}

std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  ALARM_CHECK(file.good(), "{}: cannot be opened", path.string());
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  ALARM_CHECK(!file.bad(), "{}: reading failed", path.string());
  return bytes;
}

nlohmann::json read_json(const std::filesystem::path& path) {
  return parse_json(read_bytes(path), path.string());
}

nlohmann::json parse_json(std::string_view text, const std::string& name) {
  check_json_depth(text, name);
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    throw Error(fmt::format("{}: not a JSON document: {}", name, error.what()));
  }
}

}  // namespace alarm_dist

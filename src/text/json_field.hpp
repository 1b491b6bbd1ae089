// SPDX-License-Identifier: Apache-2.0
// Fields of a JSON document, read with errors that name the file and the key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"

namespace alarm_dist {

// A value and where it stands ("tokenizer.json: model.vocab"). Borrows the document.
class JsonField {
 public:
  JsonField(const nlohmann::json& value, std::string file, std::string key = {})
      : value_(&value), file_(std::move(file)), key_(std::move(key)) {}

  const nlohmann::json& value() const { return *value_; }
  std::string where() const { return key_.empty() ? file_ : file_ + ": " + key_; }

  bool has(const std::string& key) const;  // there and not null
  JsonField at(const std::string& key) const;
  std::vector<JsonField> elements() const;

  std::string text() const;
  std::int64_t integer() const;
  double number() const;
  bool boolean() const;
  std::string text_or(const std::string& key, const std::string& fallback) const;
  std::int64_t integer_or(const std::string& key, std::int64_t fallback) const;
  bool boolean_or(const std::string& key, bool fallback) const;
  std::string type() const { return at("type").text(); }  // of the tagged unions in tokenizer.json

  // For settings that would change the result and are not implemented.
  [[noreturn]] void refuse(const std::string& what) const;
  // ... and what there is instead.
  [[noreturn]] void refuse(const std::string& what, const std::string& supported) const;

 private:
  [[noreturn]] void fail_kind(const char* expected) const;

  const nlohmann::json* value_;
  std::string file_;  // or file and line
  std::string key_;   // path of keys; empty for the document
};

// Throw Error naming the file when it cannot be read or is not JSON.
std::string read_bytes(const std::filesystem::path& path);
nlohmann::json read_json(const std::filesystem::path& path);
nlohmann::json parse_json(std::string_view text, const std::string& name);

}  // namespace alarm_dist

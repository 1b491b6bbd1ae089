// SPDX-License-Identifier: Apache-2.0
// A JSON object of a model's directory, read key by key; whatever is wrong is an Error that names
// the file, the key, what was expected and what was found.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace alarm_dist {

class ConfigFile {
 public:
  explicit ConfigFile(const std::filesystem::path& path);

  // An absent key and one that is null are the same.
  bool has(std::string_view key) const;
  bool is_null(std::string_view key) const;  // there, and null
  // The object under the key, whose keys messages call "key.inner"; an empty one when absent.
  ConfigFile section(std::string_view key) const;

  std::int64_t size(std::string_view key) const;  // a whole number above 0
  std::int64_t size_or(std::string_view key, std::int64_t fallback) const;
  double number(std::string_view key) const;
  double number_or(std::string_view key, double fallback) const;
  double positive(std::string_view key) const;  // a number above 0
  double positive_or(std::string_view key, double fallback) const;
  bool flag_or(std::string_view key, bool fallback) const;
  std::string text(std::string_view key) const;
  std::string text_or(std::string_view key, std::string_view fallback) const;
  std::vector<std::string> texts(std::string_view key) const;
  bool is_text(std::string_view key) const;
  // A number or a list of them; empty when absent.
  std::vector<std::int64_t> numbers(std::string_view key) const;

  // The tokens that the file names (eos_token_id...) are of the vocabulary, or -1, which is none.
  void check_tokens(std::int64_t vocabulary) const;

  // Ends the reading: what the key holds is none of what is supported.
  [[noreturn]] void refuse(std::string_view key, std::string_view supported) const;
  // Refuses a flag that is set.
  void expect_unset(std::string_view key) const;

 private:
  ConfigFile(std::string path, std::string prefix,
             std::shared_ptr<const nlohmann::ordered_json> json);
  const nlohmann::ordered_json& at(std::string_view key) const;

  std::string path_;
  std::string prefix_;  // of keys in messages
  std::shared_ptr<const nlohmann::ordered_json> json_;
};

}  // namespace alarm_dist

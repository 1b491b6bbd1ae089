// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/base/json_depth.hpp"
#include "alarm/base/log.hpp"
#include "alarm/base/text.hpp"
#include "alarm/text/dataset.hpp"

namespace alarm_dist {
namespace {

constexpr std::int64_t kMostReports =
    10;  // of records left out, so that a broken file does not fill the log

nlohmann::json parse_object(const std::string& line) {
  const auto invalid = find_invalid_utf8(line);
  ALARM_CHECK(!invalid, "not UTF-8 at byte {} of the line", *invalid);
  ALARM_CHECK(!trim(line).empty(), "the line is blank, expected a JSON object");
  ALARM_CHECK(!is_too_deep(line), "more than {} containers within each other", kDeepestJson);
  nlohmann::json object;
  try {
    object = nlohmann::json::parse(line);
  } catch (const nlohmann::json::parse_error& error) {
    throw Error(fmt::format("not JSON: at byte {} of the line", error.byte));
  } catch (const nlohmann::json::out_of_range&) {
    throw Error("a number of the line is beyond the greatest of 64 bits");
  }
  ALARM_CHECK(object.is_object(), "expected a JSON object, found {}", object.type_name());
  return object;
}

// The message with its place in front, unless the record's reader has put it there.
std::string located(const std::string& where, const std::string& message) {
  return message.find(where) == std::string::npos ? where + ": " + message : message;
}

}  // namespace

std::int64_t read_json_lines(
    const std::filesystem::path& path, OnDataError on_error,
    const std::function<void(const nlohmann::json&, const std::string&)>& handle) {
  std::ifstream file(path, std::ios::binary);
  if (!file.good() || std::filesystem::is_directory(path)) {
    throw UsageError(fmt::format("{}: cannot be opened", path.string()));
  }
  std::int64_t skipped = 0;
  std::string line;
  for (std::int64_t number = 1; std::getline(file, line); ++number) {
    const std::string where = fmt::format("{}:{}", path.string(), number);
    try {
      handle(parse_object(line), where);
    } catch (const Error& error) {
      const std::string message = located(where, error.what());
      if (on_error == OnDataError::kStop) throw UsageError(message);
      if (++skipped <= kMostReports) log::root_info("left out: {}", message);
    }
  }
  if (file.bad()) throw Error(fmt::format("{}: reading failed", path.string()));
  return skipped;
}

}  // namespace alarm_dist

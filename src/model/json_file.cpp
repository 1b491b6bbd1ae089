// SPDX-License-Identifier: Apache-2.0
#include "model/json_file.hpp"

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/base/json_depth.hpp"
#include "alarm/store/atomic_file.hpp"

namespace alarm_dist {

nlohmann::ordered_json read_json_object(const std::filesystem::path& path) {
  const auto text = read_whole_file(path);
  check_json_depth(text, path.string());
  try {
    auto parsed = nlohmann::ordered_json::parse(text);
    ALARM_CHECK(parsed.is_object(), "{}: expected a JSON object, found {}", path.string(),
                parsed.type_name());
    return parsed;
  } catch (const nlohmann::json::exception& error) {
    throw Error(fmt::format("{}: expected a JSON object, found what is not valid JSON: {}",
                            path.string(), error.what()));
  }
}

}  // namespace alarm_dist

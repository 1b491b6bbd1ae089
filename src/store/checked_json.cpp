// SPDX-License-Identifier: Apache-2.0
#include "store/checked_json.hpp"

#include <set>
#include <string>
#include <vector>

#include "alarm/base/error.hpp"
#include "alarm/base/json_depth.hpp"

namespace alarm_dist {

nlohmann::json parse_json_object(std::string_view text, const std::filesystem::path& file,
                                 std::string_view what) {
  using Event = nlohmann::json::parse_event_t;
  std::vector<std::set<std::string>> open_objects;
  const auto reject_twice = [&](int, Event event, nlohmann::json& parsed) {
    if (event == Event::object_start) open_objects.emplace_back();
    if (event == Event::object_end) open_objects.pop_back();
    if (event == Event::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      ALARM_CHECK(open_objects.back().insert(key).second, "{}: the {} names '{}' twice",
                  file.string(), what, key);
    }
    return true;
  };
  check_json_depth(text, file.string());
  try {
    auto parsed = nlohmann::json::parse(text, reject_twice);
    ALARM_CHECK(parsed.is_object(), "{}: the {} should be a JSON object, found {}", file.string(),
                what, parsed.type_name());
    return parsed;
  } catch (const nlohmann::json::exception& error) {
    throw Error(fmt::format("{}: the {} is not valid JSON: {}", file.string(), what, error.what()));
  }
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// JSON out of files that may be damaged: errors name the file, and a key that comes twice is one.
#pragma once

#include <filesystem>
#include <string_view>

#include <nlohmann/json.hpp>

namespace alarm_dist {

// what: "header" or the like, for the message. The result is an object.
nlohmann::json parse_json_object(std::string_view text, const std::filesystem::path& file,
                                 std::string_view what);

}  // namespace alarm_dist

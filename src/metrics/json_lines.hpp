// SPDX-License-Identifier: Apache-2.0
// Files of one JSON value a line that a kill may cut short and a resumed run continues; and whole
// files beside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace alarm_dist::metrics {

using Json = nlohmann::ordered_json;  // keys stay in the order in which they were written

// Text of a value on one line; bytes that are not UTF-8 become U+FFFD, numbers that are not finite
// null.
std::string dump(const Json& value);

// Calls visit for every line; a last line without its end is left out, any other that is not an
// object with a whole "step" throws Error naming file and line. No file: no calls.
void for_each_line(const std::filesystem::path& path,
                   const std::function<void(const Json&)>& visit);

// Rewrites the file without lines of later steps and without a line cut short. No file: nothing to
// do.
void drop_later_steps(const std::filesystem::path& path, std::int64_t last_step);

std::ofstream open_for_append(const std::filesystem::path& path);
void append_line(std::ofstream& file, const std::filesystem::path& path, std::string_view line);

// Nothing when there is no file; throws Error when it cannot be read.
std::optional<std::string> read_if_there(const std::filesystem::path& path);
std::optional<Json> read_json_if_there(const std::filesystem::path& path);
void write_whole(const std::filesystem::path& path,
                 std::string_view text);  // complete or not at all

// Runs the conversion and names the file when a field is missing or of another type.
template <typename Convert>
auto converting(const std::filesystem::path& path, Convert&& convert);

[[noreturn]] void fail_conversion(const std::filesystem::path& path, const std::string& reason);

template <typename Convert>
auto converting(const std::filesystem::path& path, Convert&& convert) {
  try {
    return convert();
  } catch (const Json::exception& error) {
    fail_conversion(path, error.what());
  }
}

}  // namespace alarm_dist::metrics

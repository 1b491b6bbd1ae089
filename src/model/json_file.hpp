// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include <nlohmann/json_fwd.hpp>

namespace alarm_dist {

// A JSON object of a model's directory, its keys in the file's order. Throws Error naming the file
// when it holds anything else, or is nested too deeply to be walked.
nlohmann::ordered_json read_json_object(const std::filesystem::path& path);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// How reward_model.json is read, whatever it stands beside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace alarm_dist {

// Calls read with the object in the file. What is wrong, there too, is an Error that names the
// file.
void read_card(const std::filesystem::path& path,
               const std::function<void(const nlohmann::json&)>& read);

// Each throws Error naming the key: one that is not known, is missing, or is of another type. What
// has keys must be an object.
void check_keys(const nlohmann::json& object, std::initializer_list<std::string_view> known);
std::string text_of(const nlohmann::json& object, const char* key);
std::int64_t count_of(const nlohmann::json& object, const char* key);  // a whole number, at least 0

}  // namespace alarm_dist

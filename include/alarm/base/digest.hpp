// SPDX-License-Identifier: Apache-2.0
// XXH3 128-bit digests: equality of weights and files. Not cryptographic.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace alarm_dist {

std::string digest(std::span<const std::byte> bytes);  // 32 hexadecimal digits
std::string digest(std::string_view text);
std::string digest_file(const std::filesystem::path& path);  // throws Error when it cannot be read

}  // namespace alarm_dist

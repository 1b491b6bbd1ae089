// SPDX-License-Identifier: Apache-2.0
// Small helpers on strings that several rooms need.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alarm_dist {

// Offset of the first byte that is not part of well-formed UTF-8 (RFC 3629), or nothing.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

// The candidate with the least edit distance to the word, if it is near enough to be a likely slip
// of the keys.
std::optional<std::string> nearest_word(std::string_view word,
                                        const std::vector<std::string>& candidates);

std::string_view trim(std::string_view text);  // ASCII white space off both ends

}  // namespace alarm_dist

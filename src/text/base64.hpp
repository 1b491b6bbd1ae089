// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648, standard alphabet).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace alarm_dist {

// Nothing where the text is not base64; padding may be left out.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace alarm_dist

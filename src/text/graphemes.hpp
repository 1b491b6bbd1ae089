// SPDX-License-Identifier: Apache-2.0
// What a reader takes for one character: extended grapheme clusters (UAX 29).
#pragma once

#include <functional>
#include <string_view>

namespace alarm_dist {

// Calls handle for each cluster of well-formed UTF-8, left to right. Clusters of a single ordinary
// character cost no search.
void for_each_grapheme(std::string_view text, const std::function<void(std::string_view)>& handle);

}  // namespace alarm_dist

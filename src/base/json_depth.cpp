// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/json_depth.hpp"

#include "alarm/base/error.hpp"

namespace alarm_dist {

bool is_too_deep(std::string_view json) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepestJson) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

void check_json_depth(std::string_view json, std::string_view name) {
  ALARM_CHECK(!is_too_deep(json), "{}: JSON of more than {} containers within each other", name,
              kDeepestJson);
}

}  // namespace alarm_dist

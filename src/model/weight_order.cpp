// SPDX-License-Identifier: Apache-2.0
#include "model/weight_order.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

namespace alarm_dist {
namespace {

// Modules of one input, in the order in which the networks join them.
using Group = std::array<std::string_view, 3>;
constexpr std::array<Group, 5> kGroups = {{
    {"q_proj", "k_proj", "v_proj"},
    {"query", "key", "value"},
    {"query_proj", "key_proj", "value_proj"},
    {"q", "k", "v"},
    {"gate_proj", "up_proj", ""},
}};

// "a.k_proj.weight" -> ("a.q_proj.weight", 1): sorts with its group, second in it.
struct Place {
  explicit Place(const std::string& full_name) : group(full_name), name(full_name) {
    const auto dot = full_name.rfind('.');
    if (dot == std::string::npos || dot == 0) return;
    const auto before = full_name.rfind('.', dot - 1);
    const auto begin = before == std::string::npos ? 0 : before + 1;
    const auto module = std::string_view(full_name).substr(begin, dot - begin);
    for (const auto& modules : kGroups) {
      const auto found = std::ranges::find(modules, module);
      if (module.empty() || found == modules.end()) continue;
      group = full_name.substr(0, begin) + std::string(modules[0]) + full_name.substr(dot);
      rank = found - modules.begin();
    }
  }
  std::string group;
  std::ptrdiff_t rank = 0;
  std::string name;
};

}  // namespace

std::vector<std::string> in_fused_order(std::vector<std::string> names) {
  std::vector<Place> places(names.begin(), names.end());
  std::ranges::sort(
      places, {}, [](const Place& place) { return std::tie(place.group, place.rank, place.name); });
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = places[i].name;
  return names;
}

}  // namespace alarm_dist

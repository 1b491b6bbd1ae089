// SPDX-License-Identifier: Apache-2.0
// What the descriptions of the config share, and those with a file of their own.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "alarm/config/fields.hpp"
#include "alarm/train/config.hpp"

namespace alarm_dist {

inline constexpr double kUnlimited = 1e15;
inline constexpr Range kPositive{.low = 0, .low_open = true};
inline constexpr Range kNotNegative{.low = 0};
inline constexpr Range kUnit{.low = 0, .high = 1};
inline constexpr Range kCount{.low = 1, .high = kUnlimited};
inline constexpr Range kCountOrZero{.low = 0, .high = kUnlimited};

// The element of that name; made if a config names a new one.
template <typename T>
T& named(std::vector<T>& items, const std::string& name) {
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const T& item) { return item.name == name; });
  if (found != items.end()) return *found;
  items.push_back({});
  items.back().name = name;
  return items.back();
}

// A mapping from names to structs, kept in the config's order.
template <typename T, typename Body>
void named_list(FieldVisitor& v, std::string_view key, std::vector<T>& items, std::string_view doc,
                const Body& body) {
  std::vector<std::string> names;
  for (const auto& item : items) names.push_back(item.name);
  std::vector<T> described = items;
  v.named_sections(key, names, doc, [&](const std::string& name) { body(named(described, name)); });
  items.clear();
  for (const auto& name : names) items.push_back(named(described, name));
}

void describe(FieldVisitor& v, LoraConfig& lora);
void describe(FieldVisitor& v, FineGrainedConfig& fine_grained);
void describe(FieldVisitor& v, AlgorithmConfig& algorithm);
void describe(FieldVisitor& v, OptimizerConfig& optimizer);

}  // namespace alarm_dist

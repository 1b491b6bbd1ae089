// SPDX-License-Identifier: Apache-2.0
// A parsed YAML document that remembers where each value stood. No YAML type leaves parse.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace alarm_dist::config {

struct Entry;

struct Node {
  enum class Kind { kNull, kPlain, kQuoted, kList, kMap };

  Kind kind = Kind::kNull;
  std::string place{};         // "file.yaml:12" or "--set a.b=c"
  std::string text{};          // of a scalar
  std::vector<Node> items{};   // of a list
  std::vector<Entry> entries;  // of a map, in the order of the source (no {}: Entry follows)
  bool left_out = false;       // of null: nothing is written behind the key, not even `~`

  bool is_scalar() const { return kind == Kind::kPlain || kind == Kind::kQuoted; }
  const Entry* find(std::string_view key) const;
};

struct Entry {
  std::string key;
  std::string place;  // of the key
  Node value;
};

inline const Entry* Node::find(std::string_view key) const {
  for (const auto& entry : entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

// What a message says of a value that is not what was expected.
std::string describe(const Node& node);

// "a.b" + "c"; a key at the top has no prefix.
std::string join_key(std::string_view path, std::string_view key);

}  // namespace alarm_dist::config

// SPDX-License-Identifier: Apache-2.0
// Tokens and their ids, both ways.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace alarm_dist {

class Vocabulary {
 public:
  // Adds a token, or does nothing if it is there under the same id. Throws Error when token or id
  // are taken.
  void add(const std::string& token, std::int64_t id);

  std::optional<std::int64_t> id_of(std::string_view token) const;
  // Nothing when no token has the id (ids may have gaps).
  const std::string* find(std::int64_t id) const;
  // One past the greatest id.
  std::int64_t id_limit() const { return static_cast<std::int64_t>(tokens_.size()); }
  std::int64_t size() const { return static_cast<std::int64_t>(ids_.size()); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> ids_;
  std::vector<const std::string*> tokens_;  // keys of ids_, which stay where they are
};

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// SentencePiece's map of characters as it stands in model files: the size of a double-array trie,
// the trie, and the replacements, each ended by a zero byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alarm_dist {

class CharacterMap {
 public:
  struct Entry {
    std::size_t size = 0;  // bytes of the text that are replaced
    std::string_view replacement;
  };

  CharacterMap() = default;  // maps nothing
  // Throws Error, with `where`, for bytes that are no map. Entries that lead out of it map nothing.
  CharacterMap(std::string_view bytes, const std::string& where);

  // Of the entries that the text begins with.
  std::optional<Entry> shortest(std::string_view text) const;
  std::optional<Entry> longest(std::string_view text) const;

 private:
  // Calls handle(bytes, leaf) for each of them, shortest first, until it returns false.
  template <typename Handle>
  void walk(std::string_view text, Handle handle) const;
  std::optional<Entry> entry(std::size_t size, std::size_t leaf) const;

  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace alarm_dist

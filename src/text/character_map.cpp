// SPDX-License-Identifier: Apache-2.0
#include "text/character_map.hpp"

#include <algorithm>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

// Fields of a unit of the double array.
constexpr std::uint32_t kLeaf = 1U << 31;
constexpr std::uint32_t kHasLeaf = 1U << 8;
constexpr std::uint32_t kWide = 1U << 9;

std::size_t offset(std::uint32_t unit) {
  return static_cast<std::size_t>(unit >> 10) << ((unit & kWide) != 0 ? 8 : 0);
}

std::uint32_t read_unit(std::string_view bytes, std::size_t at) {
  std::uint32_t unit = 0;  // little-endian
  for (std::size_t i = 0; i < sizeof(unit); ++i) {
    unit |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return unit;
}

}  // namespace

CharacterMap::CharacterMap(std::string_view bytes, const std::string& where) {
  ALARM_CHECK(bytes.size() >= sizeof(std::uint32_t), "{}: {} bytes are no character map", where,
              bytes.size());
  const std::size_t trie_size = read_unit(bytes, 0);
  const std::size_t rest = bytes.size() - sizeof(std::uint32_t);
  ALARM_CHECK(trie_size <= rest && trie_size % sizeof(std::uint32_t) == 0,
              "{}: a trie of {} bytes in {} bytes", where, trie_size, rest);
  for (std::size_t at = 0; at < trie_size; at += sizeof(std::uint32_t)) {
    units_.push_back(read_unit(bytes, sizeof(std::uint32_t) + at));
  }
  replacements_ = bytes.substr(sizeof(std::uint32_t) + trie_size);
}

template <typename Handle>
void CharacterMap::walk(std::string_view text, Handle handle) const {
  if (units_.empty()) return;
  std::size_t node = offset(units_[0]);
  for (std::size_t i = 0; i < text.size() && text[i] != '\0'; ++i) {
    const auto label = static_cast<unsigned char>(text[i]);
    node ^= label;
    if (node >= units_.size() || (units_[node] & (kLeaf | 0xFFU)) != label) return;
    const std::uint32_t unit = units_[node];
    node ^= offset(unit);
    if ((unit & kHasLeaf) != 0 && !handle(i + 1, node)) return;
  }
}

std::optional<CharacterMap::Entry> CharacterMap::shortest(std::string_view text) const {
  std::optional<Entry> found;
  walk(text, [&](std::size_t size, std::size_t leaf) {
    found = entry(size, leaf);
    return false;
  });
  return found;
}

std::optional<CharacterMap::Entry> CharacterMap::longest(std::string_view text) const {
  std::size_t found_size = 0;
  std::size_t found_leaf = 0;
  walk(text, [&](std::size_t size, std::size_t leaf) {
    found_size = size;
    found_leaf = leaf;
    return true;
  });
  return found_size == 0 ? std::nullopt : entry(found_size, found_leaf);
}

std::optional<CharacterMap::Entry> CharacterMap::entry(std::size_t size, std::size_t leaf) const {
  if (leaf >= units_.size()) return std::nullopt;
  const std::size_t begin = units_[leaf] & ~kLeaf;
  if (begin >= replacements_.size()) return std::nullopt;
  const std::size_t end = std::min(replacements_.find('\0', begin), replacements_.size());
  return Entry{size, std::string_view(replacements_).substr(begin, end - begin)};
}

}  // namespace alarm_dist

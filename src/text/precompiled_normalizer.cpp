// SPDX-License-Identifier: Apache-2.0
// Precompiled: SentencePiece's character map as it stands in its model files, base64: the size of a
// double-array trie, the trie, and the replacements, each ended by a zero byte.
//
// Applied as `tokenizers` does: to grapheme clusters of less than six bytes first, then to
// characters.
#include <algorithm>
#include <optional>

#include "alarm/base/text.hpp"

#include "text/base64.hpp"
#include "text/graphemes.hpp"
#include "text/normalizer.hpp"
#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

constexpr std::size_t kLongestCluster = 5;  // bytes

class CharacterMap {
 public:
  explicit CharacterMap(const JsonField& field) {
    const auto blob = decode_base64(field.text());
    ALARM_CHECK(blob, "{}: not base64", field.where());
    ALARM_CHECK(blob->size() >= sizeof(std::uint32_t), "{}: {} bytes are no character map",
                field.where(), blob->size());
    const std::size_t trie_size = read_unit(*blob, 0);
    const std::size_t rest = blob->size() - sizeof(std::uint32_t);
    ALARM_CHECK(trie_size <= rest && trie_size % sizeof(std::uint32_t) == 0,
                "{}: a trie of {} bytes in {} bytes", field.where(), trie_size, rest);
    for (std::size_t at = 0; at < trie_size; at += sizeof(std::uint32_t)) {
      units_.push_back(read_unit(*blob, sizeof(std::uint32_t) + at));
    }
    replacements_ = blob->substr(sizeof(std::uint32_t) + trie_size);
  }

  // The replacement of the shortest entry that the text begins with.
  std::optional<std::string_view> find(std::string_view text) const {
    if (units_.empty()) return std::nullopt;
    std::size_t node = offset(units_[0]);
    for (const char byte : text) {
      if (byte == '\0') return std::nullopt;
      const auto label = static_cast<unsigned char>(byte);
      node ^= label;
      if (node >= units_.size() || (units_[node] & (kLeaf | 0xFFU)) != label) return std::nullopt;
      const std::uint32_t unit = units_[node];
      node ^= offset(unit);
      if ((unit & kHasLeaf) != 0) return replacement(node);
    }
    return std::nullopt;
  }

 private:
  // Fields of a unit of the double array.
  static constexpr std::uint32_t kLeaf = 1U << 31;
  static constexpr std::uint32_t kHasLeaf = 1U << 8;
  static constexpr std::uint32_t kWide = 1U << 9;
  static std::size_t offset(std::uint32_t unit) {
    return static_cast<std::size_t>(unit >> 10) << ((unit & kWide) != 0 ? 8 : 0);
  }

  static std::uint32_t read_unit(const std::string& bytes, std::size_t at) {
    std::uint32_t unit = 0;  // little-endian
    for (std::size_t i = 0; i < sizeof(unit); ++i) {
      unit |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    }
    return unit;
  }

  std::optional<std::string_view> replacement(std::size_t leaf) const {
    if (leaf >= units_.size()) return std::nullopt;
    const std::size_t begin = units_[leaf] & ~kLeaf;
    if (begin >= replacements_.size()) return std::nullopt;
    const std::size_t end = std::min(replacements_.find('\0', begin), replacements_.size());
    const auto found = std::string_view(replacements_).substr(begin, end - begin);
    return find_invalid_utf8(found) ? std::nullopt : std::optional(found);
  }

  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

// New characters with their changes, as Rewrite::put takes them.
class Changes {
 public:
  void keep(char32_t code) { changes_.push_back({code, 0}); }

  void replace(std::string_view old_part, std::string_view new_part) {
    const auto old_count = static_cast<int>(count_characters(old_part));
    int count = 0;
    for (std::size_t at = 0; at < new_part.size(); ++count) {
      const Character character = character_at(new_part, at);
      changes_.push_back({character.code, count < old_count ? 0 : 1});
      at += character.size;
    }
    // What is left of the old part goes with the last character written, if there is one.
    if (count < old_count && !changes_.empty()) changes_.back().second += count - old_count;
  }

  AlignedText apply(const AlignedText& text) const {
    Rewrite out(text);
    for (const auto& [code, change] : changes_) out.put(code, change);
    return out.finish();
  }

 private:
  std::vector<std::pair<char32_t, int>> changes_;
};

class PrecompiledNormalizer final : public Normalizer {
 public:
  explicit PrecompiledNormalizer(const JsonField& field) : map_(field.at("precompiled_charsmap")) {}

  AlignedText apply(AlignedText text) const override {
    Changes changes;
    bool changed = false;
    for_each_grapheme(text.text(),
                      [&](std::string_view cluster) { changed |= add_cluster(changes, cluster); });
    return changed ? changes.apply(text) : text;
  }

 private:
  bool add_cluster(Changes& changes, std::string_view cluster) const {
    if (cluster.size() <= kLongestCluster) {
      if (const auto mapped = map_.find(cluster)) {
        changes.replace(cluster, *mapped);
        return true;
      }
    }
    bool changed = false;
    for (std::size_t at = 0; at < cluster.size();) {
      const Character character = character_at(cluster, at);
      const auto part = cluster.substr(at, character.size);
      at += character.size;
      if (const auto mapped = map_.find(part)) {
        changes.replace(part, *mapped);
        changed = true;
      } else {
        changes.keep(character.code);
      }
    }
    return changed;
  }

  CharacterMap map_;
};

}  // namespace

std::unique_ptr<Normalizer> make_precompiled(const JsonField& field) {
  return std::make_unique<PrecompiledNormalizer>(field);
}

}  // namespace alarm_dist

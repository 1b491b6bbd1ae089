// SPDX-License-Identifier: Apache-2.0
// Precompiled: SentencePiece's character map as it stands in its model files, base64.
//
// Applied as `tokenizers` does: to grapheme clusters of less than six bytes first, then to
// characters, each time the shortest entry that fits.
#include <optional>

#include "alarm/base/text.hpp"

#include "text/base64.hpp"
#include "text/character_map.hpp"
#include "text/graphemes.hpp"
#include "text/normalizer.hpp"
#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

constexpr std::size_t kLongestCluster = 5;  // bytes

CharacterMap read_map(const JsonField& field) {
  const auto bytes = decode_base64(field.text());
  ALARM_CHECK(bytes, "{}: not base64", field.where());
  return {*bytes, field.where()};
}

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
  explicit PrecompiledNormalizer(const JsonField& field)
      : map_(read_map(field.at("precompiled_charsmap"))) {}

  AlignedText apply(AlignedText text) const override {
    Changes changes;
    bool changed = false;
    for_each_grapheme(text.text(),
                      [&](std::string_view cluster) { changed |= add_cluster(changes, cluster); });
    return changed ? changes.apply(text) : text;
  }

 private:
  std::optional<std::string_view> find(std::string_view text) const {
    const auto entry = map_.shortest(text);
    if (!entry || find_invalid_utf8(entry->replacement)) return std::nullopt;
    return entry->replacement;
  }

  bool add_cluster(Changes& changes, std::string_view cluster) const {
    if (cluster.size() <= kLongestCluster) {
      if (const auto mapped = find(cluster)) {
        changes.replace(cluster, *mapped);
        return true;
      }
    }
    bool changed = false;
    for (std::size_t at = 0; at < cluster.size();) {
      const Character character = character_at(cluster, at);
      const auto part = cluster.substr(at, character.size);
      at += character.size;
      if (const auto mapped = find(part)) {
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

// SPDX-License-Identifier: Apache-2.0
// What SentencePiece does to a text before it looks for pieces: characters are mapped, bytes that
// are no UTF-8 become U+FFFD, superfluous spaces go, one is added, and all of them are marked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "alarm/text/sentencepiece_model.hpp"

#include "text/character_map.hpp"
#include "text/piece_trie.hpp"

namespace alarm_dist {

inline constexpr std::string_view kSpaceMark = "▁";

struct NormalizedText {
  std::string text;
  // Of each byte, and of the end: where in the original begins what it stands for.
  std::vector<std::int32_t> origin;
};

class SentencePieceNormalizer {
 public:
  // Throws Error with `name`, the model's, for a character map that is none.
  SentencePieceNormalizer(const SentencePieceModel& model, const std::string& name);

  // Throws Error for a text that would become greater than 2^31 bytes.
  NormalizedText normalize(std::string_view text) const;

 private:
  struct Step {
    std::size_t size;  // bytes of the original
    std::string_view text;
  };
  Step next(std::string_view text) const;
  std::size_t spaces_before(std::string_view text) const;

  std::string name_;
  CharacterMap map_;
  PieceTrie kept_;  // user-defined symbols, which the map leaves alone
  bool has_kept_ = false;
  bool add_space_, remove_extra_, space_is_suffix_;
  std::string_view space_;
};

}  // namespace alarm_dist

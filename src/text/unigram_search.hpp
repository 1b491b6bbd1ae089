// SPDX-License-Identifier: Apache-2.0
// Unigram: of all ways to write a text as pieces, that of the greatest sum of scores. Where sums
// are equal, the way whose last piece begins first.
//
// In which precision sums are formed decides which of them are equal: `tokenizers` has double,
// SentencePiece (from 0.2.3 on) float.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "alarm/base/error.hpp"

#include "text/piece_trie.hpp"
#include "text/unicode.hpp"

namespace alarm_dist {

template <typename Score>
class UnigramSearch {
 public:
  static constexpr std::int32_t kNone = -1;
  static constexpr Score kUnknownPenalty = 10;  // below the least score of a piece

  // The best way to a place in the text: its last piece.
  struct Node {
    Score score = 0;
    std::int32_t id = kNone;
    std::int32_t begin = kNone;
  };

  // `where` stands in messages. A sum of more than `limit`, or less than -limit, counts as zero
  // from there on, and those of the places beyond are moved with it.
  explicit UnigramSearch(std::string where, Score limit = std::numeric_limits<Score>::infinity())
      : where_(std::move(where)), limit_(limit) {}

  // Ids from 0 on.
  void add(std::string_view piece, std::int32_t id, Score score) {
    pieces_.add(piece, id);
    const auto index = static_cast<std::size_t>(id);
    if (scores_.size() <= index) scores_.resize(index + 1);
    scores_[index] = score;
  }
  // For a character that is no piece; without this such a character is an Error.
  void set_unknown(std::int32_t id, Score least) {
    unknown_ = id;
    unknown_score_ = least - kUnknownPenalty;
  }

  // By place in the text, from 0 to its size: the way is read from its end. Places within a
  // character have no way to them.
  void find_ways(std::string_view text, std::vector<Node>& nodes) const {
    nodes.assign(text.size() + 1, {});
    std::size_t furthest = 0;  // place with a way to it
    for (std::size_t at = 0; at < text.size();) {
      if (std::abs(nodes[at].score) > limit_) move_to_zero(nodes, at, furthest);
      const Score here = nodes[at].score;
      const auto begin = static_cast<std::int32_t>(at);
      const std::size_t size = std::min(character_size(text[at]), text.size() - at);
      bool has_single = false;
      const auto reach = [&](std::size_t length, std::int32_t id, Score score) {
        Node& node = nodes[at + length];
        if (node.begin == kNone || here + score > node.score) node = {here + score, id, begin};
        furthest = std::max(furthest, at + length);
      };
      pieces_.for_each_prefix(text.substr(at), [&](std::size_t length, std::int32_t id) {
        reach(length, id, scores_[static_cast<std::size_t>(id)]);
        has_single = has_single || length == size;
      });
      if (!has_single) {
        ALARM_CHECK(unknown_ != kNone, "{}: there is no unk_id for the text \"{}\"", where_,
                    text.substr(at, size));
        reach(size, unknown_, unknown_score_);
      }
      at += size;
    }
  }

 private:
  static void move_to_zero(std::vector<Node>& nodes, std::size_t at, std::size_t furthest) {
    const Score sum = nodes[at].score;
    for (std::size_t i = at; i <= furthest; ++i) nodes[i].score -= sum;
  }

  std::string where_;
  Score limit_;
  PieceTrie pieces_;
  std::vector<Score> scores_;  // by id
  std::int32_t unknown_ = kNone;
  Score unknown_score_ = 0;
};

}  // namespace alarm_dist

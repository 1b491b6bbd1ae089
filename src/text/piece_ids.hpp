// SPDX-License-Identifier: Apache-2.0
// Which ids the pieces of a SentencePiece model have as tokens: their own numbers, or fairseq's.
#pragma once

#include <cstdint>
#include <optional>

namespace alarm_dist {

// fairseq (XLM-RoBERTa) begins with <s>, <pad>, </s> and <unk>, leaves out the model's own first
// three pieces (<unk>, <s>, </s>), and so moves all others up by one; <mask> comes behind them.
class PieceIds {
 public:
  static constexpr std::int64_t kUnknown = 3;  // fairseq's

  explicit PieceIds(std::int64_t pieces = 0, bool fairseq = false)
      : pieces_(pieces), fairseq_(fairseq) {}

  // Pieces that are tokens.
  std::int64_t count() const { return fairseq_ ? pieces_ - kOwnSpecials : pieces_; }
  std::int64_t limit() const { return fairseq_ ? pieces_ + 1 : pieces_; }  // above every id

  // Nothing for a piece that is no token.
  std::optional<std::int64_t> find(std::int64_t piece) const {
    if (!fairseq_) return piece;
    return piece < kOwnSpecials ? std::nullopt : std::optional(piece + 1);
  }
  // Of a piece that an encoded text has.
  std::int64_t of_piece(std::int64_t piece) const { return find(piece).value_or(kUnknown); }
  // The piece with this id; nothing for an id that is no piece's.
  std::optional<int> piece_of(std::int64_t id) const {
    const std::int64_t piece = fairseq_ ? id - 1 : id;
    const bool there = piece >= (fairseq_ ? kOwnSpecials : 0) && piece < pieces_;
    return there ? std::optional(static_cast<int>(piece)) : std::nullopt;
  }

 private:
  static constexpr std::int64_t kOwnSpecials = 3;

  std::int64_t pieces_;
  bool fairseq_;
};

}  // namespace alarm_dist

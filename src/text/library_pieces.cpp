// SPDX-License-Identifier: Apache-2.0
// Pieces as libsentencepiece finds them.
#include <algorithm>
#include <sentencepiece_processor.h>
#include <utility>

#include "alarm/base/error.hpp"

#include "text/piece_model.hpp"
#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

using sentencepiece::SentencePieceProcessor;

class LibraryPieces final : public PieceModel {
 public:
  LibraryPieces(const SentencePieceProcessor& model, std::string name)
      : name_(std::move(name)), model_(model) {}
  LibraryPieces(std::unique_ptr<SentencePieceProcessor> model, std::string name)
      : name_(std::move(name)), own_(std::move(model)), model_(*own_) {}

  Encoding pieces_of(std::string_view text) const override {
    sentencepiece::ImmutableSentencePieceText pieces;
    const auto encoded = model_.Encode(text, pieces.mutable_proto());
    ALARM_CHECK(encoded.ok(), "{}: encoding failed: {}", name_, encoded.ToString());
    Encoding out;
    const std::size_t count = pieces.pieces_size();
    out.ids.reserve(count);
    out.offsets.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto piece = pieces.pieces(static_cast<int>(i));
      out.ids.push_back(piece.id());
      out.offsets.push_back({piece.begin(), piece.end()});
    }
    return out;
  }

 private:
  std::string name_;
  std::unique_ptr<SentencePieceProcessor> own_;
  const SentencePieceProcessor& model_;  // that, or one that is borrowed
};

}  // namespace

std::unique_ptr<PieceModel> make_library_pieces(const SentencePieceProcessor& model,
                                                std::string name) {
  return std::make_unique<LibraryPieces>(model, std::move(name));
}

std::unique_ptr<PieceModel> make_library_pieces(SentencePieceModel parts, std::string name) {
  // No part in finding pieces, and a file may say anything.
  parts.begin = parts.end = parts.pad = -1;
  parts.unknown = std::ranges::find(parts.types, piece_type::kUnknown) - parts.types.begin();
  auto model = std::make_unique<SentencePieceProcessor>();
  const auto loaded = model->LoadFromSerializedProto(make_sentencepiece_model(parts));
  ALARM_CHECK(loaded.ok(), "{}: not a SentencePiece model: {}", name, loaded.ToString());
  return std::make_unique<LibraryPieces>(std::move(model), std::move(name));
}

SentencePieceModel for_library(SentencePieceModel parts) {
  const bool whole_words = parts.algorithm == SentencePieceModel::Algorithm::kWord;
  for (std::size_t id = 0; id < parts.tokens.size(); ++id) {
    const std::string& piece = parts.tokens[id];
    const std::int64_t type = parts.types[id];
    // Of more than a character is what has been merged of others, and comes apart again.
    const bool single = piece.empty() || piece.size() == character_size(piece.front());
    const bool unwritten = type == piece_type::kUnused || type == piece_type::kControl;
    if (unwritten && (single || whole_words)) parts.tokens[id] = fmt::format("\xff{}", id);
  }
  return parts;
}

}  // namespace alarm_dist

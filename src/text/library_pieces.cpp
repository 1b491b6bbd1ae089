// SPDX-License-Identifier: Apache-2.0
// Pieces as libsentencepiece finds them.
#include <sentencepiece_processor.h>
#include <utility>

#include "alarm/base/error.hpp"

#include "text/piece_model.hpp"

namespace alarm_dist {
namespace {

using sentencepiece::SentencePieceProcessor;

// A model with this behind it is the model without the space that it puts before a text: in the
// wire format of protocol buffers what comes later is merged in (NormalizerSpec, field 3;
// add_dummy_prefix, field 3).
constexpr std::string_view kWithoutPrefix{"\x1a\x02\x18\x00", 4};

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

std::unique_ptr<PieceModel> make_library_pieces_without_prefix(const std::string& bytes,
                                                               std::string name) {
  auto model = std::make_unique<SentencePieceProcessor>();
  const auto loaded = model->LoadFromSerializedProto(bytes + std::string(kWithoutPrefix));
  ALARM_CHECK(loaded.ok(), "{}: not a SentencePiece model: {}", name, loaded.ToString());
  return std::make_unique<LibraryPieces>(std::move(model), std::move(name));
}

}  // namespace alarm_dist

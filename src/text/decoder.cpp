// SPDX-License-Identifier: Apache-2.0
#include "text/decoder.hpp"

#include "text/kinds.hpp"

namespace alarm_dist {
namespace {

// Between tokens a space.
class JoinWithSpaces final : public DecoderStep {
 public:
  void push(Piece piece, const PieceSink& next) override {
    if (!first_) piece.bytes.insert(0, 1, ' ');
    first_ = false;
    next(std::move(piece));
  }

 private:
  bool first_ = true;
};

enum class DecoderKind {
  kBpe,
  kByteFallback,
  kByteLevel,
  kFuse,
  kMetaspace,
  kReplace,
  kSequence,
  kStrip,
  kWordPiece
};

constexpr std::array<Kind<DecoderKind>, 9> kKinds = {{
    {"BPEDecoder", DecoderKind::kBpe},
    {"ByteFallback", DecoderKind::kByteFallback},
    {"ByteLevel", DecoderKind::kByteLevel},
    {"Fuse", DecoderKind::kFuse},
    {"Metaspace", DecoderKind::kMetaspace},
    {"Replace", DecoderKind::kReplace},
    {"Sequence", DecoderKind::kSequence},
    {"Strip", DecoderKind::kStrip},
    {"WordPiece", DecoderKind::kWordPiece},
}};

}  // namespace

Decoder::Decoder() {
  factories_.emplace_back([] { return std::make_unique<JoinWithSpaces>(); });
}

Decoder::Decoder(const JsonField& field) { add(field); }

void Decoder::add(const JsonField& field) {
  const DecoderKind kind = find_kind(field, "decoder", kKinds);
  const bool of_text =
      kind == DecoderKind::kFuse || kind == DecoderKind::kStrip || kind == DecoderKind::kSequence;
  if (fused_ && !of_text) field.refuse("decoder \"" + field.type() + "\" after Fuse");
  const bool reads_pieces = kind != DecoderKind::kFuse && kind != DecoderKind::kSequence && !fused_;
  if (reads_pieces && byte_fallback_) {
    factories_[*byte_fallback_] = make_byte_fallback_decoder(ByteRun::kWhole);
  }
  switch (kind) {
    case DecoderKind::kSequence:
      for (const auto& step : field.at("decoders").elements()) add(step);
      return;
    case DecoderKind::kFuse:
      fused_ = true;
      return;
    case DecoderKind::kByteLevel:
      fused_ = true;
      return factories_.push_back(make_byte_level_decoder());
    case DecoderKind::kBpe:
      return factories_.push_back(make_bpe_decoder(field));
    case DecoderKind::kByteFallback:
      byte_fallback_ = factories_.size();
      return factories_.push_back(make_byte_fallback_decoder(ByteRun::kByBytes));
    case DecoderKind::kMetaspace:
      return factories_.push_back(make_metaspace_decoder(field));
    case DecoderKind::kReplace:
      return factories_.push_back(make_replace_decoder(field));
    case DecoderKind::kStrip:
      return factories_.push_back(fused_ ? make_fused_strip_decoder(field)
                                         : make_strip_decoder(field));
    case DecoderKind::kWordPiece:
      return factories_.push_back(make_wordpiece_decoder(field));
  }
}

std::vector<DecoderStepPtr> Decoder::make_steps() const {
  std::vector<DecoderStepPtr> steps;
  for (const auto& factory : factories_) steps.push_back(factory());
  return steps;
}

void DecoderRun::run(std::size_t step, Piece piece, const PieceSink& out) {
  if (step == steps_.size()) return out(std::move(piece));
  steps_[step]->push(std::move(piece), [&](Piece next) { run(step + 1, std::move(next), out); });
}

void DecoderRun::finish(const PieceSink& out) {
  for (std::size_t step = 0; step < steps_.size(); ++step) {
    steps_[step]->finish([&](Piece next) { run(step + 1, std::move(next), out); });
  }
}

}  // namespace alarm_dist

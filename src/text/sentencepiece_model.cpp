// SPDX-License-Identifier: Apache-2.0
// Writes the SentencePiece model that corresponds to a GGUF file's tokenizer.
#include "alarm/text/sentencepiece_model.hpp"

#include <algorithm>
#include <cstring>

#include "alarm/base/error.hpp"

#include "text/sentencepiece_fields.hpp"

namespace alarm_dist {
namespace {

using namespace fields;

class Message {
 public:
  void integer(int field, std::int64_t value) {
    key(field, WireType::kVarint);
    varint(static_cast<std::uint64_t>(value));
  }
  void number(int field, float value) {
    key(field, WireType::kFourBytes);
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    for (int byte = 0; byte < 4; ++byte) bytes_ += static_cast<char>(bits >> (8 * byte) & 0xFFU);
  }
  void text(int field, std::string_view value) {
    key(field, WireType::kBytes);
    varint(value.size());
    bytes_ += value;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void key(int field, WireType type) {
    varint(static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(type));
  }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7F) | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

std::string trainer_spec(const SentencePieceModel& spec) {
  Message out;
  out.integer(trainer::kModelType, static_cast<std::int64_t>(spec.algorithm));
  out.integer(trainer::kVocabularySize, static_cast<std::int64_t>(spec.tokens.size()));
  out.integer(trainer::kSpaceIsSuffix, spec.space_is_suffix ? 1 : 0);
  const bool bytes =
      std::find(spec.types.begin(), spec.types.end(), piece_type::kByte) != spec.types.end();
  out.integer(trainer::kByteFallback, bytes ? 1 : 0);
  int index = 0;
  for (const std::int64_t id : {spec.unknown, spec.begin, spec.end, spec.pad}) {
    ALARM_CHECK(id < static_cast<std::int64_t>(spec.tokens.size()),
                "special token {} is outside the vocabulary of {}", id, spec.tokens.size());
    out.integer(trainer::kUnknownId + index, id);
    if (id >= 0) {
      out.text(trainer::kUnknownPiece + index, spec.tokens[static_cast<std::size_t>(id)]);
    }
    ++index;
  }
  return out.bytes();
}

std::string normalizer_spec(const SentencePieceModel& spec) {
  Message out;
  out.text(normalizer::kName, spec.character_map.empty() ? "identity" : "user_defined");
  out.text(normalizer::kCharacterMap, spec.character_map);
  out.integer(normalizer::kAddDummyPrefix, spec.add_space_prefix ? 1 : 0);
  out.integer(normalizer::kRemoveExtraWhitespaces, spec.remove_extra_whitespaces ? 1 : 0);
  out.integer(normalizer::kEscapeWhitespaces, spec.mark_spaces ? 1 : 0);
  return out.bytes();
}

}  // namespace

std::string make_sentencepiece_model(const SentencePieceModel& spec) {
  ALARM_CHECK(spec.scores.size() == spec.tokens.size(), "{} tokens, but {} scores",
              spec.tokens.size(), spec.scores.size());
  ALARM_CHECK(spec.types.size() == spec.tokens.size(), "{} tokens, but {} token types",
              spec.tokens.size(), spec.types.size());
  Message out;
  for (std::size_t id = 0; id < spec.tokens.size(); ++id) {
    Message entry;
    entry.text(piece::kText, spec.tokens[id]);
    entry.number(piece::kScore, static_cast<float>(spec.scores[id]));
    entry.integer(piece::kType, spec.types[id]);
    out.text(model::kPiece, entry.bytes());
  }
  out.text(model::kTrainerSpec, trainer_spec(spec));
  out.text(model::kNormalizerSpec, normalizer_spec(spec));
  return out.bytes();
}

}  // namespace alarm_dist

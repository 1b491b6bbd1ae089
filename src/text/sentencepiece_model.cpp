// SPDX-License-Identifier: Apache-2.0
// Writes the SentencePiece model that corresponds to a GGUF file's tokenizer, in the wire format of
// protocol buffers (https://protobuf.dev/programming-guides/encoding).
#include "alarm/text/sentencepiece_model.hpp"

#include <algorithm>
#include <cstring>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

class Message {
 public:
  void integer(int field, std::int64_t value) {
    varint(static_cast<std::uint64_t>(field) << 3 | 0);
    varint(static_cast<std::uint64_t>(value));
  }
  void number(int field, float value) {
    varint(static_cast<std::uint64_t>(field) << 3 | 5);
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    for (int byte = 0; byte < 4; ++byte) bytes_ += static_cast<char>(bits >> (8 * byte) & 0xFFU);
  }
  void text(int field, std::string_view value) {
    varint(static_cast<std::uint64_t>(field) << 3 | 2);
    varint(value.size());
    bytes_ += value;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7F) | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

// Field numbers of sentencepiece_model.proto.
namespace model {
constexpr int kPiece = 1, kTrainerSpec = 2, kNormalizerSpec = 3;
}
namespace piece {
constexpr int kText = 1, kScore = 2, kType = 3;
}
namespace trainer {
constexpr int kModelType = 3, kVocabularySize = 4, kByteFallback = 35;
constexpr int kUnknownId = 40, kUnknownPiece = 45;  // then bos, eos, pad
}  // namespace trainer
namespace normalizer {
constexpr int kName = 1, kCharacterMap = 2, kAddDummyPrefix = 3, kRemoveExtraWhitespaces = 4;
}

constexpr std::int64_t kByteType = 6;

std::string trainer_spec(const SentencePieceModel& spec) {
  Message out;
  out.integer(trainer::kModelType, static_cast<std::int64_t>(spec.algorithm));
  out.integer(trainer::kVocabularySize, static_cast<std::int64_t>(spec.tokens.size()));
  const bool bytes = std::find(spec.types.begin(), spec.types.end(), kByteType) != spec.types.end();
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

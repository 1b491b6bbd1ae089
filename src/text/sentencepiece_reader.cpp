// SPDX-License-Identifier: Apache-2.0
// Reads the parts of a SentencePiece model. As in every message of protocol buffers, what is absent
// has its default, and the last word counts.
#include <array>
#include <cstring>

#include "alarm/base/error.hpp"
#include "alarm/text/sentencepiece_model.hpp"

#include "text/sentencepiece_fields.hpp"

namespace alarm_dist {
namespace {

using namespace fields;

// A field, which asks to be of the given number and to be written in the given way; one written in
// another way is none that the format knows.
struct Field {
  bool is(int wanted, WireType way) const { return number == wanted && type == way; }

  int number = 0;
  WireType type = WireType::kVarint;
  std::uint64_t integer = 0;
  std::string_view bytes = {};
};

class Message {
 public:
  Message(std::string_view bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  bool ended() const { return bytes_.empty(); }

  Field next() {
    const std::uint64_t key = varint();
    Field field{.number = static_cast<int>(key >> 3), .type = static_cast<WireType>(key & 7)};
    switch (field.type) {
      case WireType::kVarint:
        field.integer = varint();
        return field;
      case WireType::kEightBytes:
        field.bytes = take(8);
        return field;
      case WireType::kBytes:
        field.bytes = take(varint());
        return field;
      case WireType::kFourBytes:
        field.bytes = take(4);
        return field;
    }
    ALARM_CHECK(false, "{}: a field of type {}, which SentencePiece models do not have", name_,
                key & 7);
  }

 private:
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1).front());
      value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return value;
    }
    ALARM_CHECK(false, "{}: a number of more than 64 bits", name_);
  }
  std::string_view take(std::uint64_t count) {
    ALARM_CHECK(count <= bytes_.size(), "{}: cut short: {} bytes are left of {}", name_,
                bytes_.size(), count);
    const auto taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  std::string_view bytes_;
  const std::string& name_;
};

float as_float(std::string_view bytes) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < sizeof(bits); ++i) {
    bits |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  float value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

void read_piece(Message message, SentencePieceModel& model) {
  std::string_view text;
  float score = 0;
  std::int64_t type = piece_type::kNormal;
  while (!message.ended()) {
    const Field field = message.next();
    if (field.is(piece::kText, WireType::kBytes)) text = field.bytes;
    if (field.is(piece::kScore, WireType::kFourBytes)) score = as_float(field.bytes);
    const bool known = field.integer >= piece_type::kNormal && field.integer <= piece_type::kByte;
    if (field.is(piece::kType, WireType::kVarint) && known) {
      type = static_cast<std::int64_t>(field.integer);
    }
  }
  model.tokens.emplace_back(text);
  model.scores.push_back(score);
  model.types.push_back(type);
}

void read_trainer_spec(Message message, SentencePieceModel& model) {
  const std::array ids = {&model.unknown, &model.begin, &model.end, &model.pad};
  while (!message.ended()) {
    const Field field = message.next();
    if (field.type != WireType::kVarint) continue;
    if (field.number == trainer::kModelType && field.integer >= 1 && field.integer <= 4) {
      model.algorithm = static_cast<SentencePieceModel::Algorithm>(field.integer);
    }
    if (field.number == trainer::kSpaceIsSuffix) model.space_is_suffix = field.integer != 0;
    const int index = field.number - trainer::kUnknownId;
    if (index >= 0 && index < static_cast<int>(ids.size())) {
      *ids[static_cast<std::size_t>(index)] = static_cast<std::int32_t>(field.integer);
    }
  }
}

void read_normalizer_spec(Message message, SentencePieceModel& model) {
  while (!message.ended()) {
    const Field field = message.next();
    const bool set = field.integer != 0;
    if (field.is(normalizer::kCharacterMap, WireType::kBytes)) model.character_map = field.bytes;
    if (field.type != WireType::kVarint) continue;
    if (field.number == normalizer::kAddDummyPrefix) model.add_space_prefix = set;
    if (field.number == normalizer::kRemoveExtraWhitespaces) model.remove_extra_whitespaces = set;
    if (field.number == normalizer::kEscapeWhitespaces) model.mark_spaces = set;
  }
}

}  // namespace

SentencePieceModel read_sentencepiece_model(std::string_view bytes, const std::string& name) {
  SentencePieceModel model;
  model.algorithm = SentencePieceModel::Algorithm::kUnigram;
  model.remove_extra_whitespaces = true;
  for (Message message(bytes, name); !message.ended();) {
    const Field field = message.next();
    const Message inner(field.bytes, name);
    if (field.is(fields::model::kPiece, WireType::kBytes)) read_piece(inner, model);
    if (field.is(fields::model::kTrainerSpec, WireType::kBytes)) read_trainer_spec(inner, model);
    if (field.is(fields::model::kNormalizerSpec, WireType::kBytes)) {
      read_normalizer_spec(inner, model);
    }
  }
  return model;
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// Numbers of the fields of sentencepiece_model.proto. The wire format is that of protocol buffers
// (https://protobuf.dev/programming-guides/encoding).
#pragma once

namespace alarm_dist {

// How a field's value is written.
enum class WireType { kVarint = 0, kEightBytes = 1, kBytes = 2, kFourBytes = 5 };

namespace fields {
namespace model {
constexpr int kPiece = 1, kTrainerSpec = 2, kNormalizerSpec = 3;
}
namespace piece {
constexpr int kText = 1, kScore = 2, kType = 3;
}
namespace trainer {
constexpr int kModelType = 3, kVocabularySize = 4, kSpaceIsSuffix = 24, kByteFallback = 35;
constexpr int kUnknownId = 40, kUnknownPiece = 45;  // then bos, eos, pad
}  // namespace trainer
namespace normalizer {
constexpr int kName = 1, kCharacterMap = 2, kAddDummyPrefix = 3, kRemoveExtraWhitespaces = 4,
              kEscapeWhitespaces = 5;
}
}  // namespace fields

}  // namespace alarm_dist

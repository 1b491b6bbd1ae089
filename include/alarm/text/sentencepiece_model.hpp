// SPDX-License-Identifier: Apache-2.0
// A SentencePiece model file and its parts. GGUF files keep the parts: tokenizer.ggml.model "llama"
// is BPE, "t5" is Unigram.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace alarm_dist {

// Kinds of pieces, in sentencepiece_model.proto and, as kinds of tokens of any tokenizer, in GGUF.
namespace piece_type {
inline constexpr std::int64_t kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4,
                              kUnused = 5, kByte = 6;
}

struct SentencePieceModel {
  enum class Algorithm { kUnigram = 1, kBpe = 2, kWord = 3, kCharacter = 4 };

  Algorithm algorithm = Algorithm::kBpe;
  std::vector<std::string> tokens;  // tokenizer.ggml.tokens, with the mark of spaces
  std::vector<double> scores;       // tokenizer.ggml.scores
  std::vector<std::int64_t> types;  // tokenizer.ggml.token_type, which are SentencePiece's own
  std::string character_map;        // tokenizer.ggml.precompiled_charsmap; empty: none
  bool add_space_prefix = true;     // tokenizer.ggml.add_space_prefix
  bool remove_extra_whitespaces = false;  // tokenizer.ggml.remove_extra_whitespaces
  bool mark_spaces = true;                // as U+2581; GGUF knows nothing else
  bool space_is_suffix = false;           // what add_space_prefix adds comes last; not in GGUF
  std::int64_t unknown = 0;               // -1: none, as for those below
  std::int64_t begin = 1;
  std::int64_t end = 2;
  std::int64_t pad = -1;

  friend bool operator==(const SentencePieceModel&, const SentencePieceModel&) = default;
};

// The bytes of a tokenizer.model. Throws Error when the lists do not fit each other.
std::string make_sentencepiece_model(const SentencePieceModel& spec);

// The parts of a tokenizer.model, which libsentencepiece has accepted: of what that checks only the
// wire format is checked again. Throws Error with `name`, the file's.
SentencePieceModel read_sentencepiece_model(std::string_view bytes, const std::string& name);

}  // namespace alarm_dist

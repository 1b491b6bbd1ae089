// SPDX-License-Identifier: Apache-2.0
// A SentencePiece model file from its parts, as GGUF files keep them: tokenizer.ggml.model "llama"
// is BPE, "t5" is Unigram.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace alarm_dist {

struct SentencePieceModel {
  enum class Algorithm { kUnigram = 1, kBpe = 2 };

  Algorithm algorithm = Algorithm::kBpe;
  std::vector<std::string> tokens;  // tokenizer.ggml.tokens, with the mark of spaces
  std::vector<double> scores;       // tokenizer.ggml.scores
  std::vector<std::int64_t> types;  // tokenizer.ggml.token_type, which are SentencePiece's own
  std::string character_map;        // tokenizer.ggml.precompiled_charsmap; empty: none
  bool add_space_prefix = true;     // tokenizer.ggml.add_space_prefix
  bool remove_extra_whitespaces = false;  // tokenizer.ggml.remove_extra_whitespaces
  std::int64_t unknown = 0;               // -1: none, as for those below
  std::int64_t begin = 1;
  std::int64_t end = 2;
  std::int64_t pad = -1;
};

// The bytes of a tokenizer.model. Throws Error when the lists do not fit each other.
std::string make_sentencepiece_model(const SentencePieceModel& spec);

}  // namespace alarm_dist

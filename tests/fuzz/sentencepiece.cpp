// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/error.hpp"
#include "alarm/text/sentencepiece_model.hpp"

#include "fuzz/targets.hpp"
#include "text/piece_model.hpp"

namespace alarm_dist::fuzz {

// What we read of a SentencePiece model ourselves, also of one that libsentencepiece would refuse
// before: its parts, and with them the pieces of texts. The library is not ours to fuzz.
void sentencepiece(std::string_view input) try {
  const SentencePieceModel parts = read_sentencepiece_model(input, "tokenizer.model");
  const auto model = make_unigram_pieces(parts, "tokenizer.model");
  for (const char* text :
       {"", "Hello, world! 123", "naïve 日本 😀 e\u0301\n\t  x", "caf\xe9 \xf0\x9f "}) {
    try {
      model->pieces_of(text);
    } catch (const Error&) {
    }
  }
} catch (const Error&) {
}

}  // namespace alarm_dist::fuzz

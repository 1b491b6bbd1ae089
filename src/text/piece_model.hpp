// SPDX-License-Identifier: Apache-2.0
// A SentencePiece model's pieces of a text. Const after construction and safe to share between
// threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "alarm/text/sentencepiece_model.hpp"
#include "alarm/text/tokenizer.hpp"

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace alarm_dist {

class PieceModel {
 public:
  virtual ~PieceModel() = default;
  // Bytes of the text that are no UTF-8 are read as U+FFFD.
  virtual Encoding pieces_of(std::string_view text) const = 0;

 protected:
  PieceModel() = default;
  PieceModel(const PieceModel&) = delete;
  PieceModel& operator=(const PieceModel&) = delete;
};

// `name` stands in messages.
std::unique_ptr<PieceModel> make_unigram_pieces(const SentencePieceModel& model,
                                                const std::string& name);
// Through libsentencepiece. The first borrows the model, the second makes one of the parts.
std::unique_ptr<PieceModel> make_library_pieces(const sentencepiece::SentencePieceProcessor& model,
                                                std::string name);
std::unique_ptr<PieceModel> make_library_pieces(SentencePieceModel parts, std::string name);
// The model with which Debian's library finds the pieces that PyPI `sentencepiece` 0.2.3 finds with
// the given one: pieces that are not used and control symbols, which that does not know in a text,
// get texts that nothing has.
SentencePieceModel for_library(SentencePieceModel parts);

}  // namespace alarm_dist

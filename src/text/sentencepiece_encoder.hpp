// SPDX-License-Identifier: Apache-2.0
// A SentencePiece model's pieces of texts in which added tokens stand, as transformers' slow
// tokenizers make them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alarm/text/tokenizer.hpp"

#include "text/added_tokens.hpp"
#include "text/sentencepiece_settings.hpp"

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace alarm_dist {

inline constexpr std::string_view kSpaceMark = "▁";

class SentencePieceEncoder {
 public:
  // Borrows the model; `bytes` is its file, `name` stands in messages.
  SentencePieceEncoder(const sentencepiece::SentencePieceProcessor& model, const std::string& bytes,
                       const SentencePieceSettings& settings, std::string name);
  ~SentencePieceEncoder();

  // Offsets are of the text, also where the model's rules change it.
  Encoding encode(std::string_view text) const;

 private:
  Encoding pieces_of(std::string_view text) const;
  Encoding encode_each(std::string_view text) const;
  Encoding encode_prefixed(std::string_view text) const;
  void append_bare(Encoding& out, std::string_view stretch, std::int64_t begin) const;
  bool is_mark_alone(const Encoding& out) const;

  std::string name_;
  AddedTokenFinder finder_;
  std::vector<std::int64_t> special_;  // ids, ascending
  PieceIds ids_;
  bool space_before_each_;
  // The model without the space before a text, where only the whole text gets one.
  std::unique_ptr<sentencepiece::SentencePieceProcessor> bare_;
  const sentencepiece::SentencePieceProcessor& model_;  // that, or the given one
  std::int64_t mark_ = -1;                              // the piece that is a mark alone
  std::string unknown_;
  std::size_t unknown_pieces_ = 0;
};

}  // namespace alarm_dist

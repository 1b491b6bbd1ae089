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
#include "text/piece_model.hpp"
#include "text/sentencepiece_settings.hpp"

namespace alarm_dist {

class SentencePieceEncoder {
 public:
  // Borrows the model; `bytes` is its file, `name` stands in messages.
  SentencePieceEncoder(const sentencepiece::SentencePieceProcessor& model, const std::string& bytes,
                       const SentencePieceSettings& settings, const std::string& name);

  // Offsets are of the text, also where the model's rules change it.
  Encoding encode(std::string_view text) const;

 private:
  Encoding pieces_of(std::string_view text) const;  // with ids of tokens
  Encoding encode_each(std::string_view text) const;
  Encoding encode_prefixed(std::string_view text) const;
  void append_bare(Encoding& out, std::string_view stretch, std::int64_t begin) const;
  bool is_mark_alone(const Encoding& out) const;

  AddedTokenFinder finder_;
  std::vector<std::int64_t> special_;  // ids, ascending
  PieceIds ids_;
  bool space_before_each_;
  // Without the space before a text, where only the whole text gets one.
  std::unique_ptr<PieceModel> pieces_;
  std::int64_t mark_ = -1;  // the piece that is a mark alone
  std::string unknown_;
  std::size_t unknown_pieces_ = 0;
};

}  // namespace alarm_dist

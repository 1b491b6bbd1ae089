// SPDX-License-Identifier: Apache-2.0
// What the files beside a SentencePiece model say of it, read as transformers' slow tokenizers read
// them: tokenizer_config.json, and, unless that lists "added_tokens_decoder",
// special_tokens_map.json and added_tokens.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "text/added_tokens.hpp"
#include "text/piece_ids.hpp"

namespace alarm_dist {

// A token at an end of texts, under EncodeOptions::special_tokens.
struct SentenceMark {
  bool wanted = false;
  std::optional<std::int64_t> token = {};  // nothing: the model's own
};

struct SentencePieceSettings {
  PieceIds ids{};
  // T5 ends its texts, Llama begins them, encoders do both; a file may say otherwise.
  SentenceMark begin = {};
  SentenceMark end = {};
  // "legacy", which is so unless a file says false: every stretch of text between added tokens gets
  // the space that the model puts before a text, not the first alone.
  bool space_before_each = true;
  std::vector<AddedToken> added = {};  // recognised in texts, in the order of their ids
};

// The pieces of the model itself, by its own numbers.
struct SentencePieces {
  std::int64_t count = 0;
  std::function<std::optional<std::int64_t>(std::string_view)> find;
};

// Of the files beside the model's. A token of a known class (sentencepiece_class.hpp) that no file
// names has its class' usual name; a token without an id that is no piece comes after all others.
// Throws Error naming the file and the token that cannot be honoured: one of single words, or one
// with another's id.
SentencePieceSettings read_sentencepiece_settings(const std::filesystem::path& model_file,
                                                  const SentencePieces& pieces);

}  // namespace alarm_dist

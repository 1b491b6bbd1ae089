// SPDX-License-Identifier: Apache-2.0
// The tokenizer of a SentencePiece model file, Unigram or BPE, through libsentencepiece.
//
// Ids, offsets and text are the library's. Where its text would differ from the input (its
// normalisation rules), offsets are of the input.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {

// What a text gets under EncodeOptions::special_tokens; the model file does not say.
struct SentenceMarks {
  bool begin = false;
  bool end = false;
};

// `name` stands in messages.
std::unique_ptr<Tokenizer> make_sentencepiece_tokenizer(std::string_view model, SentenceMarks marks,
                                                        const std::string& name);

// From the file; the marks are those of the tokenizer_config.json beside it.
std::unique_ptr<Tokenizer> load_sentencepiece_tokenizer(const std::filesystem::path& file);

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// The tokenizer of a SentencePiece model file, Unigram or BPE, through libsentencepiece.
//
// Ids, offsets and text are the library's. Where its text would differ from the input (its
// normalisation rules), offsets are of the input. Tokens that the files beside it add, or name as
// special, are found in texts before the model sees what stands between them, as transformers' slow
// tokenizers do.
#pragma once

#include <filesystem>
#include <memory>

#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {

// From the file and the settings beside it (sentencepiece_settings.hpp).
std::unique_ptr<Tokenizer> load_sentencepiece_tokenizer(const std::filesystem::path& file);

}  // namespace alarm_dist

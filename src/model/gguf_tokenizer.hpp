// SPDX-License-Identifier: Apache-2.0
// The tokenizer of a GGUF file as the file that Hugging Face would have.
#pragma once

#include <string>

#include "alarm/store/gguf.hpp"

namespace alarm_dist {

struct TokenizerFile {
  std::string name;  // tokenizer.json, or tokenizer.model
  std::string bytes;
  std::string tokenizer_class;  // in tokenizer_config.json
};

// From tokenizer.ggml.model: gpt2 (byte-level BPE), llama (SentencePiece BPE) or t5 (SentencePiece
// Unigram). Throws Error naming the file for another.
TokenizerFile gguf_tokenizer_file(const GgufFile& file);

}  // namespace alarm_dist

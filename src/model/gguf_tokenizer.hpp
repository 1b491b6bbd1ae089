// SPDX-License-Identifier: Apache-2.0
// The tokenizer of a GGUF file as the file that Hugging Face would have.
#pragma once

#include <optional>
#include <string>

#include "alarm/store/gguf.hpp"

namespace alarm_dist {

struct TokenizerFile {
  std::string name;  // tokenizer.json, or tokenizer.model
  std::string bytes;
  std::string tokenizer_class;  // in tokenizer_config.json
};

// Whether a token stands before and after every text; nothing where the file leaves that to the
// tokenizer's class.
struct GgufEnds {
  std::optional<bool> begin, end;
};

// tokenizer.ggml.add_bos_token and add_eos_token; where byte-level BPE has no word on its
// beginning, what llama.cpp does with its pre-tokenizer.
GgufEnds gguf_ends(const GgufFile& file);

// From tokenizer.ggml.model: gpt2 (byte-level BPE), llama (SentencePiece BPE) or t5 (SentencePiece
// Unigram). Throws Error naming the file for another.
TokenizerFile gguf_tokenizer_file(const GgufFile& file);

}  // namespace alarm_dist

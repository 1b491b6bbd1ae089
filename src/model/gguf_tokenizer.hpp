// SPDX-License-Identifier: Apache-2.0
// The tokenizer of a GGUF file as the files that Hugging Face would have.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "alarm/store/gguf.hpp"

namespace alarm_dist {

struct TokenizerFile {
  std::string name;  // tokenizer.json, or tokenizer.model
  std::string bytes;
  std::string tokenizer_class;  // in tokenizer_config.json
  std::int64_t sentinels = 0;   // T5's <extra_id_...>, behind the pieces
};

// From tokenizer.ggml.model: gpt2 (byte-level BPE), llama (SentencePiece BPE), t5 (SentencePiece
// Unigram; XLM-RoBERTa's in a file of the architecture bert) or bert (WordPiece). Throws Error
// naming the file for another.
TokenizerFile gguf_tokenizer_file(const GgufFile& file);

// The tokenizer_config.json that goes with it.
nlohmann::ordered_json gguf_tokenizer_config(const GgufFile& file, const TokenizerFile& tokenizer);

}  // namespace alarm_dist

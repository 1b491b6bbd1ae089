// SPDX-License-Identifier: Apache-2.0
// Text to token ids and back. Read from a Hugging Face tokenizer.json: byte-level BPE and
// WordPiece.
//
// Offsets are byte ranges of the UTF-8 input. Const after construction and safe to share between
// threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alarm_dist {

struct Span {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  friend bool operator==(const Span&, const Span&) = default;
};

struct Encoding {
  std::vector<std::int64_t> ids;
  // Of ids, whole characters; special tokens that the post-processor adds have {0, 0}.
  std::vector<Span> offsets;
};

struct EncodeOptions {
  bool special_tokens = false;  // what the post-processor adds ([CLS] ... [SEP])
  std::int64_t max_tokens = 0;  // 0: no limit; otherwise cut on the right, special tokens included
};

struct DecodedText {
  std::string text;  // well-formed UTF-8; bytes that are not become U+FFFD
  // Byte range in text of each token; empty for special tokens and for a token that only continues
  // a character (the character belongs to the token that completes it).
  std::vector<Span> offsets;
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // The text must be UTF-8, else Error. Added tokens in it ("<|im_end|>") are recognised, as
  // Hugging Face does.
  virtual Encoding encode(std::string_view text, const EncodeOptions& options = {}) const = 0;
  // Special tokens are left out of the text.
  virtual DecodedText decode(std::span<const std::int64_t> ids) const = 0;
  virtual std::int64_t vocabulary_size() const = 0;
  virtual std::optional<std::int64_t> id_of(std::string_view token) const = 0;
  virtual std::string token_of(std::int64_t id) const = 0;  // throws Error when out of range

 protected:
  Tokenizer() = default;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;
};

// From a tokenizer.json or the folder that holds it. Throws Error naming file, key and what is not
// supported. The file's own truncation and padding are left aside: EncodeOptions says what is
// wanted.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path);
// From the text of a tokenizer.json; `name` stands in messages.
std::unique_ptr<Tokenizer> parse_tokenizer(std::string_view json, const std::string& name);

// tokenizer.json of a byte-level BPE tokenizer as GGUF files describe it: vocabulary, "left right"
// merges, token types (3: control, i.e. special) and the name of the pre-tokenizer ("smollm",
// "gpt-2", "llama-bpe", "qwen2", "default").
std::string make_bpe_tokenizer_json(const std::vector<std::string>& tokens,
                                    const std::vector<std::string>& merges,
                                    const std::vector<std::int64_t>& types,
                                    const std::string& pre_tokenizer);

}  // namespace alarm_dist

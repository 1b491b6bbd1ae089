// SPDX-License-Identifier: Apache-2.0
// Text to token ids and back. Read from a Hugging Face tokenizer.json (every kind of component that
// PyPI `tokenizers` 0.23 knows, but for what needs chance or training) or from a SentencePiece
// model (tokenizer.model).
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

enum class Side { kRight, kLeft };

struct EncodeOptions {
  bool special_tokens = false;  // what the post-processor adds ([CLS] ... [SEP])
  std::int64_t max_tokens = 0;  // 0: no limit; otherwise cut, special tokens included
  Side cut = Side::kRight;      // which end of the text is given up
};

struct DecodedText {
  std::string text;  // well-formed UTF-8; bytes that are not become U+FFFD
  // Byte range in text of each token; empty for special tokens and for a token that only continues
  // a character (the character belongs to the token that completes it).
  std::vector<Span> offsets;
};

// Text of tokens that come one by one. Every push returns the characters that are certain by then,
// which may be none; all of them together with finish() are what decode() gives for all the tokens.
class DecodeStream {
 public:
  virtual ~DecodeStream() = default;
  virtual std::string push(std::int64_t id) = 0;  // throws Error when out of range
  virtual std::string finish() = 0;

 protected:
  DecodeStream() = default;
  DecodeStream(const DecodeStream&) = delete;
  DecodeStream& operator=(const DecodeStream&) = delete;
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // The text must be UTF-8, else Error; a SentencePiece model reads other bytes as U+FFFD. Added
  // tokens in it ("<|im_end|>") are recognised, as Hugging Face does.
  virtual Encoding encode(std::string_view text, const EncodeOptions& options = {}) const = 0;
  // Special tokens are left out of the text.
  virtual DecodedText decode(std::span<const std::int64_t> ids) const = 0;
  // Borrows the tokenizer.
  virtual std::unique_ptr<DecodeStream> decode_stream() const = 0;
  virtual std::int64_t vocabulary_size() const = 0;
  // One past the greatest id: an embedding needs at least so many rows.
  virtual std::int64_t id_limit() const = 0;
  virtual std::optional<std::int64_t> id_of(std::string_view token) const = 0;
  virtual std::string token_of(std::int64_t id) const = 0;  // throws Error when out of range

 protected:
  Tokenizer() = default;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;
};

// From a tokenizer.json, a SentencePiece model (*.model) or a folder with one of them; a folder's
// tokenizer.json goes first, then tokenizer.model, spiece.model, sentencepiece.bpe.model and
// spm.model. Throws Error naming file, key and what is not supported. The file's own truncation and
// padding are left aside: EncodeOptions says what is wanted.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path);
// From the text of a tokenizer.json; `name` stands in messages.
std::unique_ptr<Tokenizer> parse_tokenizer(std::string_view json, const std::string& name);

// The ids of the tokens that stand around every text; -1: none does.
struct TextEnds {
  std::int64_t begin = -1;
  std::int64_t end = -1;
};

// tokenizer.json of a byte-level BPE tokenizer as GGUF files describe it: vocabulary, "left right"
// merges, token types (3: control, i.e. special) and the name of the pre-tokenizer ("smollm",
// "gpt-2", "llama-bpe", "qwen2", "gpt-4o", ...). See sentencepiece_model.hpp for the other GGUF
// kinds.
std::string make_bpe_tokenizer_json(const std::vector<std::string>& tokens,
                                    const std::vector<std::string>& merges,
                                    const std::vector<std::int64_t>& types,
                                    const std::string& pre_tokenizer, const TextEnds& ends = {});

// Of a WordPiece tokenizer: what stands for unknown words, before and after every text.
struct WordPieceSpecials {
  std::int64_t unknown = 100;
  std::int64_t begin = 101;
  std::int64_t end = 102;
};

// tokenizer.json of BERT's tokenizer as GGUF files describe it: tokens that begin words have U+2581
// before them, others nothing. Texts are written small unless a token has a capital: GGUF does not
// say.
std::string make_wordpiece_tokenizer_json(const std::vector<std::string>& tokens,
                                          std::vector<std::int64_t> types,
                                          const WordPieceSpecials& specials);

}  // namespace alarm_dist

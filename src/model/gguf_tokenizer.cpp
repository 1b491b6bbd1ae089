// SPDX-License-Identifier: Apache-2.0
#include "model/gguf_tokenizer.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "alarm/base/error.hpp"
#include "alarm/text/sentencepiece_model.hpp"
#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {
namespace {

constexpr const char* kPrefix = "tokenizer.ggml.";

// Pre-tokenizers whose models begin each text with a token unless their file says otherwise, of
// those that we read. Files written before the converter noted add_bos_token depend on it.
constexpr std::array<std::string_view, 4> kBeginning = {"llama3", "llama-v3", "llama-bpe",
                                                        "falcon3"};

std::string pre_tokenizer(const GgufFile& file) {
  return file.has("tokenizer.ggml.pre") ? file.text("tokenizer.ggml.pre") : "default";
}

std::optional<bool> find_flag(const GgufFile& file, const std::string& name) {
  return file.has(kPrefix + name) ? std::optional(file.flag(kPrefix + name)) : std::nullopt;
}

// Of a token that is wanted; a file that names none has none, as transformers reads it.
std::int64_t end_id(const GgufFile& file, std::optional<bool> wanted, const std::string& name) {
  return wanted.value_or(false) && file.has(kPrefix + name) ? file.integer(kPrefix + name) : -1;
}

std::string byte_level_tokenizer(const GgufFile& file) {
  const GgufEnds ends = gguf_ends(file);
  return make_bpe_tokenizer_json(
      file.texts("tokenizer.ggml.tokens"), file.texts("tokenizer.ggml.merges"),
      file.integers("tokenizer.ggml.token_type"), pre_tokenizer(file),
      {end_id(file, ends.begin, "bos_token_id"), end_id(file, ends.end, "eos_token_id")});
}

std::string character_map(const GgufFile& file) {
  const std::string key = "tokenizer.ggml.precompiled_charsmap";
  if (!file.has(key)) return {};
  std::string bytes;
  for (const std::int64_t byte : file.integers(key)) bytes += static_cast<char>(byte);
  return bytes;
}

std::string sentencepiece_tokenizer(const GgufFile& file, SentencePieceModel::Algorithm algorithm) {
  const auto id_or = [&](const std::string& name, std::int64_t fallback) {
    return file.has(kPrefix + name) ? file.integer(kPrefix + name) : fallback;
  };
  SentencePieceModel model;
  model.algorithm = algorithm;
  model.tokens = file.texts("tokenizer.ggml.tokens");
  model.scores = file.numbers("tokenizer.ggml.scores");
  model.types = file.integers("tokenizer.ggml.token_type");
  model.character_map = character_map(file);
  model.add_space_prefix = find_flag(file, "add_space_prefix").value_or(true);
  model.remove_extra_whitespaces = find_flag(file, "remove_extra_whitespaces").value_or(false);
  model.unknown = id_or("unknown_token_id", 0);
  model.begin = id_or("bos_token_id", -1);
  model.end = id_or("eos_token_id", -1);
  model.pad = id_or("padding_token_id", -1);
  return make_sentencepiece_model(model);
}

}  // namespace

GgufEnds gguf_ends(const GgufFile& file) {
  GgufEnds ends{find_flag(file, "add_bos_token"), find_flag(file, "add_eos_token")};
  const bool begins = file.text("tokenizer.ggml.model") == "gpt2" &&
                      std::ranges::find(kBeginning, pre_tokenizer(file)) != kBeginning.end();
  if (begins && !ends.begin) ends.begin = true;
  return ends;
}

TokenizerFile gguf_tokenizer_file(const GgufFile& file) {
  using Algorithm = SentencePieceModel::Algorithm;
  const std::string& kind = file.text("tokenizer.ggml.model");
  if (kind == "gpt2") {
    return {"tokenizer.json", byte_level_tokenizer(file), "PreTrainedTokenizerFast"};
  }
  if (kind == "llama") {
    return {"tokenizer.model", sentencepiece_tokenizer(file, Algorithm::kBpe), "LlamaTokenizer"};
  }
  if (kind == "t5") {
    return {"tokenizer.model", sentencepiece_tokenizer(file, Algorithm::kUnigram), "T5Tokenizer"};
  }
  throw Error(fmt::format(
      "{}: tokenizer.ggml.model is \"{}\"; supported: gpt2 (byte-level BPE), llama (SentencePiece "
      "BPE), t5 (SentencePiece Unigram)",
      file.path().string(), kind));
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "model/gguf_tokenizer.hpp"

#include "alarm/base/error.hpp"
#include "alarm/text/sentencepiece_model.hpp"
#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {
namespace {

constexpr const char* kPrefix = "tokenizer.ggml.";

std::string byte_level_tokenizer(const GgufFile& file) {
  const std::string pre =
      file.has("tokenizer.ggml.pre") ? file.text("tokenizer.ggml.pre") : "default";
  return make_bpe_tokenizer_json(file.texts("tokenizer.ggml.tokens"),
                                 file.texts("tokenizer.ggml.merges"),
                                 file.integers("tokenizer.ggml.token_type"), pre);
}

std::string character_map(const GgufFile& file) {
  const std::string key = "tokenizer.ggml.precompiled_charsmap";
  if (!file.has(key)) return {};
  std::string bytes;
  for (const std::int64_t byte : file.integers(key)) bytes += static_cast<char>(byte);
  return bytes;
}

std::string sentencepiece_tokenizer(const GgufFile& file, SentencePieceModel::Algorithm algorithm) {
  const auto flag_or = [&](const std::string& name, bool fallback) {
    return file.has(kPrefix + name) ? file.flag(kPrefix + name) : fallback;
  };
  const auto id_or = [&](const std::string& name, std::int64_t fallback) {
    return file.has(kPrefix + name) ? file.integer(kPrefix + name) : fallback;
  };
  SentencePieceModel model;
  model.algorithm = algorithm;
  model.tokens = file.texts("tokenizer.ggml.tokens");
  model.scores = file.numbers("tokenizer.ggml.scores");
  model.types = file.integers("tokenizer.ggml.token_type");
  model.character_map = character_map(file);
  model.add_space_prefix = flag_or("add_space_prefix", true);
  model.remove_extra_whitespaces = flag_or("remove_extra_whitespaces", false);
  model.unknown = id_or("unknown_token_id", 0);
  model.begin = id_or("bos_token_id", -1);
  model.end = id_or("eos_token_id", -1);
  model.pad = id_or("padding_token_id", -1);
  return make_sentencepiece_model(model);
}

}  // namespace

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

// SPDX-License-Identifier: Apache-2.0
#include "model/gguf_tokenizer.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/text/sentencepiece_model.hpp"
#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kPrefix = "tokenizer.ggml.";

// Their names in tokenizer_config.json and in GGUF.
constexpr std::array<std::pair<const char*, const char*>, 7> kSpecialTokens = {
    {{"bos_token", "bos_token_id"},
     {"eos_token", "eos_token_id"},
     {"unk_token", "unknown_token_id"},
     {"sep_token", "seperator_token_id"},
     {"pad_token", "padding_token_id"},
     {"cls_token", "cls_token_id"},
     {"mask_token", "mask_token_id"}}};

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

// Whether a token stands before and after every text; nothing where the file leaves that to the
// tokenizer's class. Where byte-level BPE has no word on its beginning, llama.cpp's is taken.
struct Ends {
  std::optional<bool> begin, end;
};

Ends read_ends(const GgufFile& file) {
  Ends ends{find_flag(file, "add_bos_token"), find_flag(file, "add_eos_token")};
  const bool begins = file.text("tokenizer.ggml.model") == "gpt2" &&
                      std::ranges::find(kBeginning, pre_tokenizer(file)) != kBeginning.end();
  if (begins && !ends.begin) ends.begin = true;
  return ends;
}

// Of a token that is wanted; a file that names none has none, as transformers reads it.
std::int64_t end_id(const GgufFile& file, std::optional<bool> wanted, const std::string& name) {
  return wanted.value_or(false) && file.has(kPrefix + name) ? file.integer(kPrefix + name) : -1;
}

std::string byte_level_tokenizer(const GgufFile& file) {
  const Ends ends = read_ends(file);
  return make_bpe_tokenizer_json(
      file.texts("tokenizer.ggml.tokens"), file.texts("tokenizer.ggml.merges"),
      file.integers("tokenizer.ggml.token_type"), pre_tokenizer(file),
      {end_id(file, ends.begin, "bos_token_id"), end_id(file, ends.end, "eos_token_id")});
}

std::int64_t id_or(const GgufFile& file, const std::string& name, std::int64_t fallback) {
  return file.has(kPrefix + name) ? file.integer(kPrefix + name) : fallback;
}

// The ids of files that name none are those of the first BERTs, as in llama.cpp.
std::string wordpiece_tokenizer(const GgufFile& file) {
  const WordPieceSpecials usual;
  const auto begin = id_or(file, "bos_token_id", usual.begin);
  return make_wordpiece_tokenizer_json(file.texts("tokenizer.ggml.tokens"),
                                       file.integers("tokenizer.ggml.token_type"),
                                       {.unknown = id_or(file, "unknown_token_id", usual.unknown),
                                        .begin = id_or(file, "cls_token_id", begin),
                                        .end = id_or(file, "seperator_token_id", usual.end)});
}

std::string character_map(const GgufFile& file) {
  const std::string key = "tokenizer.ggml.precompiled_charsmap";
  if (!file.has(key)) return {};
  std::string bytes;
  for (const std::int64_t byte : file.integers(key)) bytes += static_cast<char>(byte);
  return bytes;
}

// Converters fill a vocabulary up to the rows of the embedding: [PAD32000].
bool is_filling(const std::string& token) {
  return token.starts_with("[PAD") && token != "[PAD]" && token.ends_with(']');
}

// T5's sentinels are such rows too, and no pieces of its model; other models have fewer rows to
// fill than T5 has sentinels, and none.
std::int64_t take_sentinels(SentencePieceModel& model) {
  constexpr std::size_t kSentinels = 100;
  auto& tokens = model.tokens;
  std::size_t kept = tokens.size();
  while (kept > 0 && model.types[kept - 1] == piece_type::kUnused && is_filling(tokens[kept - 1]))
    --kept;
  const bool found = tokens.size() - kept >= kSentinels;
  tokens.resize(kept);
  model.scores.resize(kept);
  model.types.resize(kept);
  return found ? kSentinels : 0;
}

std::int64_t first_unknown(const std::vector<std::int64_t>& types) {
  const auto found = std::ranges::find(types, piece_type::kUnknown);
  return found == types.end() ? 0 : found - types.begin();
}

SentencePieceModel read_sentencepiece(const GgufFile& file,
                                      SentencePieceModel::Algorithm algorithm) {
  SentencePieceModel model;
  model.algorithm = algorithm;
  model.tokens = file.texts("tokenizer.ggml.tokens");
  model.scores = file.numbers("tokenizer.ggml.scores");
  model.types = file.integers("tokenizer.ggml.token_type");
  model.character_map = character_map(file);
  model.add_space_prefix = find_flag(file, "add_space_prefix").value_or(true);
  model.remove_extra_whitespaces = find_flag(file, "remove_extra_whitespaces").value_or(false);
  model.unknown = id_or(file, "unknown_token_id", first_unknown(model.types));
  model.begin = id_or(file, "bos_token_id", -1);
  model.end = id_or(file, "eos_token_id", -1);
  model.pad = id_or(file, "padding_token_id", -1);
  ALARM_CHECK(
      model.scores.size() == model.tokens.size() && model.types.size() == model.tokens.size(),
      "{}: {} tokens, but {} scores and {} token types", file.path().string(), model.tokens.size(),
      model.scores.size(), model.types.size());
  return model;
}

TokenizerFile llama_tokenizer(const GgufFile& file) {
  const auto model = read_sentencepiece(file, SentencePieceModel::Algorithm::kBpe);
  return {"tokenizer.model", make_sentencepiece_model(model), "LlamaTokenizer"};
}

TokenizerFile t5_tokenizer(const GgufFile& file) {
  auto model = read_sentencepiece(file, SentencePieceModel::Algorithm::kUnigram);
  const auto sentinels = take_sentinels(model);
  return {"tokenizer.model", make_sentencepiece_model(model), "T5Tokenizer", sentinels};
}

// The tokens of fairseq as its pieces: it puts <pad> behind <s>, <unk> behind </s> and the mask
// behind all, which the class does itself.
TokenizerFile xlm_roberta_tokenizer(const GgufFile& file) {
  const auto stored = read_sentencepiece(file, SentencePieceModel::Algorithm::kUnigram);
  const auto& tokens = stored.tokens;
  const auto& types = stored.types;
  constexpr std::array<const char*, 4> kFairseq = {"<s>", "<pad>", "</s>", "<unk>"};
  ALARM_CHECK(tokens.size() >= kFairseq.size() &&
                  std::equal(kFairseq.begin(), kFairseq.end(), tokens.begin()),
              "{}: expected XLM-RoBERTa's first tokens to be <s>, <pad>, </s>, <unk>",
              file.path().string());
  auto end = tokens.size();
  while (end > kFairseq.size() &&
         (types[end - 1] == piece_type::kUnused || tokens[end - 1] == "<mask>"))
    --end;
  auto model = stored;
  model.tokens = {"<unk>", "<s>", "</s>"};
  model.types = {piece_type::kUnknown, piece_type::kControl, piece_type::kControl};
  model.scores = {0, 0, 0};
  for (auto id = kFairseq.size(); id < end; ++id) {
    model.tokens.push_back(tokens[id]);
    model.types.push_back(types[id]);
    model.scores.push_back(stored.scores[id]);
  }
  model.unknown = 0, model.begin = 1, model.end = 2, model.pad = -1;
  return {"tokenizer.model", make_sentencepiece_model(model), "XLMRobertaTokenizer"};
}

TokenizerFile unigram_tokenizer(const GgufFile& file) {
  const bool encoder = file.text("general.architecture") == "bert";
  return encoder ? xlm_roberta_tokenizer(file) : t5_tokenizer(file);
}

}  // namespace

TokenizerFile gguf_tokenizer_file(const GgufFile& file) {
  const std::string& kind = file.text("tokenizer.ggml.model");
  if (kind == "gpt2") {
    return {"tokenizer.json", byte_level_tokenizer(file), "PreTrainedTokenizerFast"};
  }
  if (kind == "llama") return llama_tokenizer(file);
  if (kind == "t5") return unigram_tokenizer(file);
  if (kind == "bert") {
    return {"tokenizer.json", wordpiece_tokenizer(file), "PreTrainedTokenizerFast"};
  }
  throw Error(fmt::format(
      "{}: tokenizer.ggml.model is \"{}\"; supported: gpt2 (byte-level BPE), llama (SentencePiece "
      "BPE), t5 (SentencePiece Unigram), bert (WordPiece)",
      file.path().string(), kind));
}

Json gguf_tokenizer_config(const GgufFile& file, const TokenizerFile& tokenizer) {
  const auto& tokens = file.texts("tokenizer.ggml.tokens");
  Json config;
  config["tokenizer_class"] = tokenizer.tokenizer_class;
  if (tokenizer.tokenizer_class == "T5Tokenizer") config["extra_ids"] = tokenizer.sentinels;
  for (const auto& [name, key] : kSpecialTokens) {
    const auto full_key = std::string(kPrefix) + key;
    if (!file.has(full_key)) continue;
    const auto id = file.integer(full_key);
    ALARM_CHECK(id >= 0 && id < static_cast<std::int64_t>(tokens.size()),
                "{}: {} is {}, outside the vocabulary of {}", file.path().string(), full_key, id,
                tokens.size());
    const auto& token = tokens[static_cast<std::size_t>(id)];
    if (!is_filling(token)) config[name] = token;
  }
  config["model_max_length"] = file.integer(file.text("general.architecture") + ".context_length");
  const Ends ends = read_ends(file);
  if (ends.begin) config["add_bos_token"] = *ends.begin;
  if (ends.end) config["add_eos_token"] = *ends.end;
  config["clean_up_tokenization_spaces"] = false;
  if (file.has("tokenizer.chat_template"))
    config["chat_template"] = file.text("tokenizer.chat_template");
  return config;
}

}  // namespace alarm_dist

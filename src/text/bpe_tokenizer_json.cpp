// SPDX-License-Identifier: Apache-2.0
// Writes the tokenizer.json that corresponds to a GGUF file's tokenizer; Hugging Face's
// `tokenizers` reads it as well.
#include <array>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/base/text.hpp"
#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {
namespace {

using nlohmann::json;

// GGUF token types.
constexpr std::int64_t kControl = 3;
constexpr std::int64_t kUserDefined = 4;

// Words of Llama 3 and Qwen 2, which differ in how many digits go together.
constexpr const char* kLlamaWords =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwenWords =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

json byte_level(bool use_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", true},
          {"use_regex", use_regex}};
}

json sequence(const json& first, const json& second) {
  return {{"type", "Sequence"}, {"pretokenizers", json::array({first, second})}};
}

json split(const char* regex) {
  return {{"type", "Split"},
          {"pattern", {{"Regex", regex}}},
          {"behavior", "Isolated"},
          {"invert", false}};
}

struct Recipe {
  json pre_tokenizer;
  json normalizer = nullptr;
  bool ignore_merges = false;
};

Recipe recipe_for(const std::string& name) {
  if (name == "gpt-2" || name == "default") return {byte_level(true)};
  if (name == "smollm") {
    const json digits = {{"type", "Digits"}, {"individual_digits", true}};
    return {sequence(digits, byte_level(true))};
  }
  if (name == "llama-bpe") return {sequence(split(kLlamaWords), byte_level(false)), nullptr, true};
  if (name == "qwen2")
    return {sequence(split(kQwenWords), byte_level(false)), json{{"type", "NFC"}}};
  throw Error(
      fmt::format("pre-tokenizer \"{}\" is not supported; known are smollm, gpt-2, llama-bpe, "
                  "qwen2 and default",
                  name));
}

json make_vocabulary(const std::vector<std::string>& tokens) {
  json vocabulary = json::object();
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    ALARM_CHECK(!find_invalid_utf8(tokens[id]), "token {} is not UTF-8", id);
    const bool added = vocabulary.emplace(tokens[id], id).second;
    ALARM_CHECK(added, "token {} (\"{}\") stands twice in the vocabulary", id, tokens[id]);
  }
  return vocabulary;
}

json make_added_tokens(const std::vector<std::string>& tokens,
                       const std::vector<std::int64_t>& types) {
  json added = json::array();
  for (std::size_t id = 0; id < types.size(); ++id) {
    if (types[id] != kControl && types[id] != kUserDefined) continue;
    added.push_back({{"id", id},
                     {"content", tokens[id]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", types[id] == kControl}});
  }
  return added;
}

}  // namespace

std::string make_bpe_tokenizer_json(const std::vector<std::string>& tokens,
                                    const std::vector<std::string>& merges,
                                    const std::vector<std::int64_t>& types,
                                    const std::string& pre_tokenizer) {
  ALARM_CHECK(types.empty() || types.size() == tokens.size(), "{} tokens, but {} token types",
              tokens.size(), types.size());
  const Recipe recipe = recipe_for(pre_tokenizer);
  const json model = {{"type", "BPE"},
                      {"dropout", nullptr},
                      {"unk_token", nullptr},
                      {"continuing_subword_prefix", nullptr},
                      {"end_of_word_suffix", nullptr},
                      {"fuse_unk", false},
                      {"byte_fallback", false},
                      {"ignore_merges", recipe.ignore_merges},
                      {"vocab", make_vocabulary(tokens)},
                      {"merges", merges}};
  const json document = {{"version", "1.0"},
                         {"truncation", nullptr},
                         {"padding", nullptr},
                         {"added_tokens", make_added_tokens(tokens, types)},
                         {"normalizer", recipe.normalizer},
                         {"pre_tokenizer", recipe.pre_tokenizer},
                         {"post_processor", nullptr},
                         {"decoder", byte_level(true)},
                         {"model", model}};
  return document.dump();
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
// Writes the tokenizer.json that corresponds to a GGUF file's tokenizer; Hugging Face's
// `tokenizers` reads it as well.
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/text/tokenizer.hpp"

#include "text/tokenizer_json_parts.hpp"

namespace alarm_dist {
namespace {

using nlohmann::json;

// Words of Llama 3 and Qwen 2, which differ in how many digits go together.
constexpr const char* kLlamaWords =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwenWords =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// Words of GPT-4o, which end where a lower-case letter is followed by an upper-case one.
constexpr const char* kGpt4oWords =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

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

Recipe gpt2_recipe() { return {byte_level(true)}; }

Recipe digits_recipe() {
  const json digits = {{"type", "Digits"}, {"individual_digits", true}};
  return {sequence(digits, byte_level(true))};
}

Recipe llama_recipe() { return {sequence(split(kLlamaWords), byte_level(false)), nullptr, true}; }

Recipe qwen_recipe() {
  return {sequence(split(kQwenWords), byte_level(false)), json{{"type", "NFC"}}};
}

Recipe gpt4o_recipe() { return {sequence(split(kGpt4oWords), byte_level(false)), nullptr, true}; }

// tokenizer.ggml.pre: several names stand for the same words.
using RecipeMaker = Recipe (*)();
constexpr std::array<std::pair<const char*, RecipeMaker>, 20> kRecipes = {{
    {"default", gpt2_recipe},     {"gpt-2", gpt2_recipe},
    {"jais", gpt2_recipe},        {"mpt", gpt2_recipe},
    {"olmo", gpt2_recipe},        {"phi-2", gpt2_recipe},
    {"codeshell", digits_recipe}, {"command-r", digits_recipe},
    {"refact", digits_recipe},    {"smollm", digits_recipe},
    {"starcoder", digits_recipe}, {"falcon3", llama_recipe},
    {"llama-bpe", llama_recipe},  {"llama-v3", llama_recipe},
    {"llama3", llama_recipe},     {"deepseek-r1-qwen", qwen_recipe},
    {"qwen2", qwen_recipe},       {"stablelm2", qwen_recipe},
    {"gpt-4o", gpt4o_recipe},     {"roberta-bpe", gpt2_recipe},
}};

Recipe recipe_for(const std::string& name) {
  std::string names;
  for (const auto& [known, make] : kRecipes) {
    if (name == known) return make();
    names += (names.empty() ? "" : ", ") + std::string(known);
  }
  throw Error(fmt::format("pre-tokenizer \"{}\" is not supported; supported: {}", name, names));
}

// A template that puts the tokens around each text, null where there are none.
json make_post_processor(const std::vector<std::string>& tokens, const TextEnds& ends) {
  if (ends.begin < 0 && ends.end < 0) return nullptr;
  json single = json::array(), pair = json::array(), special = json::object();
  const auto add = [&](std::int64_t id, int type) {
    if (id < 0) return;
    ALARM_CHECK(id < static_cast<std::int64_t>(tokens.size()),
                "token {} around each text is outside the vocabulary of {}", id, tokens.size());
    const std::string& token = tokens[static_cast<std::size_t>(id)];
    const json part = {{"SpecialToken", {{"id", token}, {"type_id", type}}}};
    if (type == 0) single.push_back(part);
    pair.push_back(part);
    special[token] = {{"id", token}, {"ids", {id}}, {"tokens", {token}}};
  };
  for (const int type : {0, 1}) {
    const json text = {{"Sequence", {{"id", type == 0 ? "A" : "B"}, {"type_id", type}}}};
    add(ends.begin, type);
    if (type == 0) single.push_back(text);
    pair.push_back(text);
    add(ends.end, type);
  }
  return {{"type", "TemplateProcessing"},
          {"single", single},
          {"pair", pair},
          {"special_tokens", special}};
}

}  // namespace

std::string make_bpe_tokenizer_json(const std::vector<std::string>& tokens,
                                    const std::vector<std::string>& merges,
                                    const std::vector<std::int64_t>& types,
                                    const std::string& pre_tokenizer, const TextEnds& ends) {
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
                      {"vocab", vocabulary_json(tokens)},
                      {"merges", merges}};
  const json document = {{"version", "1.0"},
                         {"truncation", nullptr},
                         {"padding", nullptr},
                         {"added_tokens", added_tokens_json(tokens, types)},
                         {"normalizer", recipe.normalizer},
                         {"pre_tokenizer", recipe.pre_tokenizer},
                         {"post_processor", make_post_processor(tokens, ends)},
                         {"decoder", byte_level(true)},
                         {"model", model}};
  return document.dump();
}

}  // namespace alarm_dist

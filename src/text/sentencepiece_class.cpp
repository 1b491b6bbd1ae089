// SPDX-License-Identifier: Apache-2.0
#include "text/sentencepiece_class.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

namespace alarm_dist {
namespace {

SentencePieceClass llama() {
  return {.begins = true,
          .usual = {{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}}};
}

SentencePieceClass t5() {
  return {.ends = true,
          .sentinels = true,
          .usual = {{"eos_token", "</s>"}, {"unk_token", "<unk>"}, {"pad_token", "<pad>"}}};
}

SentencePieceClass deberta() {
  return {.begin = "cls_token",
          .end = "sep_token",
          .begins = true,
          .ends = true,
          .usual = {{"bos_token", "[CLS]"},
                    {"eos_token", "[SEP]"},
                    {"unk_token", "[UNK]"},
                    {"sep_token", "[SEP]"},
                    {"pad_token", "[PAD]"},
                    {"cls_token", "[CLS]"},
                    {"mask_token", "[MASK]"}}};
}

SentencePieceClass xlm_roberta() {
  return {.begin = "cls_token",
          .end = "sep_token",
          .begins = true,
          .ends = true,
          .fairseq_ids = true,
          .usual = {{"bos_token", "<s>"},
                    {"eos_token", "</s>"},
                    {"unk_token", "<unk>"},
                    {"sep_token", "</s>"},
                    {"pad_token", "<pad>"},
                    {"cls_token", "<s>"},
                    {"mask_token", "<mask>", true}}};
}

// The beginning of a class' name, and of a model type written without its hyphens.
using Maker = SentencePieceClass (*)();
constexpr std::array kKnown = {
    std::pair<std::string_view, Maker>{"llama", llama},
    std::pair<std::string_view, Maker>{"codellama", llama},
    std::pair<std::string_view, Maker>{"t5", t5},
    std::pair<std::string_view, Maker>{"mt5", t5},
    std::pair<std::string_view, Maker>{"debertav2", deberta},
    std::pair<std::string_view, Maker>{"xlmroberta", xlm_roberta},
};
// Model types whose class has another name.
constexpr std::array kOtherNames = {
    std::pair<std::string_view, std::string_view>{"mistral", "llama"},
    std::pair<std::string_view, std::string_view>{"mixtral", "llama"},
    std::pair<std::string_view, std::string_view>{"umt5", "t5"},
};
// Classes whose tokens have other ids than their pieces, in ways of their own.
constexpr std::array<std::string_view, 13> kRenumbered = {
    "barthez", "bartpho", "camembert",   "m2m100",      "marian", "mbart",        "nllb",
    "pegasus", "plbart",  "seamlessm4t", "speech2text", "xglm",   "xlmprophetnet"};

std::string plain(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c != '-' && c != '_') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

// What config.json calls the model; nothing where it says nothing.
std::string model_type(const std::filesystem::path& folder) {
  const auto file = folder / "config.json";
  if (!std::filesystem::exists(file)) return {};
  const auto json = read_json(file);
  if (!json.is_object()) return {};
  const std::string type = plain(JsonField(json, file.string()).text_or("model_type", ""));
  const auto other =
      std::ranges::find(kOtherNames, type, &std::pair<std::string_view, std::string_view>::first);
  return other == kOtherNames.end() ? type : std::string(other->second);
}

// DeBERTa's own steps before the pieces.
void refuse_steps(const JsonField& config) {
  for (const char* key : {"do_lower_case", "split_by_punct"}) {
    if (config.boolean_or(key, false))
      config.at(key).refuse("true, beside a SentencePiece model", "false");
  }
}

}  // namespace

SentencePieceClass find_sentencepiece_class(const std::filesystem::path& model_file,
                                            const JsonField& config) {
  std::string name = plain(config.text_or("tokenizer_class", ""));
  if (name.empty()) name = model_type(model_file.parent_path());
  if (name.empty() && model_file.filename() == "spm.model") name = "debertav2";
  const auto starts = [&](std::string_view known) { return name.starts_with(known); };
  ALARM_CHECK(
      std::ranges::none_of(kRenumbered, starts),
      "{}: the tokenizer class of '{}' gives its tokens other ids than the model's; expected "
      "tokenizer.json beside it, found nothing",
      model_file.string(), name);
  const auto found =
      std::ranges::find_if(kKnown, starts, &std::pair<std::string_view, Maker>::first);
  if (found == kKnown.end()) return {};
  if (found->second == deberta) refuse_steps(config);
  return found->second();
}

}  // namespace alarm_dist

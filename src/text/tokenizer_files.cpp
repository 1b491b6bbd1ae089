// SPDX-License-Identifier: Apache-2.0
// Which file of a folder the tokenizer is read from, and as what.
#include <array>

#include "text/json_field.hpp"
#include "text/sentencepiece_tokenizer.hpp"
#include "text/tokenizer_json.hpp"

namespace alarm_dist {
namespace {

// The first that is there.
constexpr std::array kFiles = {"tokenizer.json", "tokenizer.model", "spiece.model",
                               "sentencepiece.bpe.model", "spm.model"};

std::filesystem::path tokenizer_file(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return path;
  std::string names;
  for (const char* name : kFiles) {
    if (std::filesystem::exists(path / name)) return path / name;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  throw Error(fmt::format("{}: no tokenizer; expected one of {}", path.string(), names));
}

}  // namespace

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path) {
  const auto file = tokenizer_file(path);
  if (file.extension() == ".model") return load_sentencepiece_tokenizer(file);
  return make_json_tokenizer(read_json(file), file.string());
}

}  // namespace alarm_dist

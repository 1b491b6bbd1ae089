// SPDX-License-Identifier: Apache-2.0
#include "model/model_files.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "alarm/store/atomic_file.hpp"

#include "model/gguf_import.hpp"
#include "model/json_file.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = "config.json";
constexpr const char* kCopied[] = {kConfig,
                                   "generation_config.json",
                                   "tokenizer.json",
                                   "tokenizer_config.json",
                                   "vocab.json",
                                   "special_tokens_map.json",
                                   "added_tokens.json",
                                   "merges.txt",
                                   "vocab.txt",
                                   "tokenizer.model",
                                   "spiece.model",
                                   "sentencepiece.bpe.model",
                                   "spm.model",
                                   "modules.json",
                                   "chat_template.jinja",
                                   "chat_template.json"};

std::optional<at::ScalarType> widest_type(const TensorSources& weights) {
  std::optional<at::ScalarType> widest;
  for (const auto& weight : weights) {
    if (at::isFloatingType(weight.type))
      widest = c10::promoteTypes(widest.value_or(weight.type), weight.type);
  }
  return widest;
}

}  // namespace

bool is_model_file(const std::string& name) {
  return std::ranges::find(kCopied, name) != std::end(kCopied);
}

std::map<std::string, std::string> read_model_files(const fs::path& dir) {
  std::map<std::string, std::string> files;
  for (const char* name : kCopied) {
    if (fs::exists(dir / name)) files[name] = read_whole_file(dir / name);
  }
  return files;
}

void name_weights_type(const fs::path& dir, const TensorSources& weights) {
  const auto file = dir / kConfig;
  auto config = read_json_object(file);
  const auto type = widest_type(weights);
  bool changed = false;
  // The second is the name before Transformers 5.
  for (const char* key : {"dtype", "torch_dtype"}) {
    if (!type || !config.contains(key) || config[key] == dtype_name(*type)) continue;
    config[key] = dtype_name(*type);
    changed = true;
  }
  if (changed) write_file_atomically(file, config.dump(2) + "\n");
}

void write_model_directory(const fs::path& source, const TensorSources& weights,
                           const fs::path& dir) {
  fs::create_directories(dir);
  for (const auto& [name, content] : read_model_files(source))
    write_file_atomically(dir / name, content);
  name_weights_type(dir, weights);
  stream_weights(dir, weights);
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "model/model_files.hpp"

#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/store/atomic_file.hpp"

#include "model/gguf_import.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kConfig = "config.json";
constexpr const char* kCopied[] = {
    kConfig,        "generation_config.json",  "tokenizer.json",    "tokenizer_config.json",
    "vocab.json",   "special_tokens_map.json", "added_tokens.json", "merges.txt",
    "vocab.txt",    "tokenizer.model",         "spiece.model",      "sentencepiece.bpe.model",
    "modules.json", "chat_template.jinja",     "chat_template.json"};

// transformers loads weights in the type that config.json names, so that it must be theirs.
void name_type(const fs::path& file, at::ScalarType dtype) {
  auto config = Json::parse(read_whole_file(file), nullptr, /*allow_exceptions=*/false);
  ALARM_CHECK(config.is_object(), "{}: expected a JSON object", file.string());
  bool changed = false;
  for (const char* key :
       {"dtype", "torch_dtype"}) {  // the second is the name before Transformers 5
    if (!config.contains(key) || config[key] == dtype_name(dtype)) continue;
    config[key] = dtype_name(dtype);
    changed = true;
  }
  if (changed) write_file_atomically(file, config.dump(2) + "\n");
}

}  // namespace

void copy_model_files(const fs::path& from, const fs::path& to) {
  for (const char* name : kCopied) {
    if (fs::exists(from / name)) write_file_atomically(to / name, read_whole_file(from / name));
  }
}

void write_model_directory(const fs::path& source, const TensorSources& weights,
                           const fs::path& dir) {
  fs::create_directories(dir);
  copy_model_files(source, dir);
  const auto found = std::ranges::find_if(
      weights, [](const auto& weight) { return at::isFloatingType(weight.type); });
  if (found != weights.end()) name_type(dir / kConfig, found->type);
  stream_weights(dir, weights);
}

void write_model_directory(const fs::path& source, const NamedTensors& weights,
                           const fs::path& dir) {
  write_model_directory(source, sources_of(weights), dir);
}

}  // namespace alarm_dist

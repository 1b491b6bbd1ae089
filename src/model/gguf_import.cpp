// SPDX-License-Identifier: Apache-2.0
#include "model/gguf_import.hpp"

#include <string>
#include <utility>

#include <ATen/Functions.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/store/atomic_file.hpp"
#include "alarm/store/gguf.hpp"
#include "alarm/store/tensor_file.hpp"

#include "model/families.hpp"
#include "model/gguf_config.hpp"
#include "model/gguf_tokenizer.hpp"
#include "model/gguf_weights.hpp"

namespace alarm_dist {
namespace {

using Json = nlohmann::ordered_json;

Json make_tokenizer_config(const GgufFile& file, const std::string& tokenizer_class) {
  const auto& tokens = file.texts("tokenizer.ggml.tokens");
  Json config;
  config["tokenizer_class"] = tokenizer_class;
  for (const auto& [name, key] :
       {std::pair{"bos_token", "bos_token_id"}, std::pair{"eos_token", "eos_token_id"},
        std::pair{"unk_token", "unknown_token_id"}, std::pair{"pad_token", "padding_token_id"}}) {
    const auto full_key = std::string("tokenizer.ggml.") + key;
    if (!file.has(full_key)) continue;
    const auto id = file.integer(full_key);
    ALARM_CHECK(id >= 0 && id < static_cast<std::int64_t>(tokens.size()),
                "{}: {} is {}, outside the vocabulary of {}", file.path().string(), full_key, id,
                tokens.size());
    config[name] = tokens[static_cast<std::size_t>(id)];
  }
  config["model_max_length"] = file.integer(file.text("general.architecture") + ".context_length");
  const GgufEnds ends = gguf_ends(file);
  if (ends.begin) config["add_bos_token"] = *ends.begin;
  if (ends.end) config["add_eos_token"] = *ends.end;
  config["clean_up_tokenization_spaces"] = false;
  if (file.has("tokenizer.chat_template"))
    config["chat_template"] = file.text("tokenizer.chat_template");
  return config;
}

}  // namespace

const char* dtype_name(c10::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat:
      return "float32";
    case at::kDouble:
      return "float64";
    case at::kBFloat16:
      return "bfloat16";
    case at::kHalf:
      return "float16";
    default:
      throw Error(fmt::format("weights of type {} are not supported", c10::toString(dtype)));
  }
}

void import_gguf(const std::filesystem::path& gguf, c10::ScalarType dtype,
                 const std::filesystem::path& dir) {
  const auto file = GgufFile::open(gguf);
  const auto config = gguf_config(file, dtype);
  const TokenizerFile tokenizer = gguf_tokenizer_file(file);
  write_file_atomically(dir / "config.json", config.dump(2) + "\n");
  write_file_atomically(dir / "generation_config.json", gguf_token_ids(file).dump(2) + "\n");
  write_file_atomically(dir / tokenizer.name, tokenizer.bytes);
  write_file_atomically(dir / "tokenizer_config.json",
                        make_tokenizer_config(file, tokenizer.tokenizer_class).dump(2) + "\n");
  stream_weights(dir, gguf_weights(file, read_decoder_spec(dir), dtype));
}

}  // namespace alarm_dist

// SPDX-License-Identifier: Apache-2.0
#include "model/gguf_import.hpp"

#include <string>

#include <ATen/Functions.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/store/atomic_file.hpp"
#include "alarm/store/gguf.hpp"
#include "alarm/store/tensor_file.hpp"

#include "model/encoder_config.hpp"
#include "model/families.hpp"
#include "model/gguf_config.hpp"
#include "model/gguf_encoder.hpp"
#include "model/gguf_t5.hpp"
#include "model/gguf_tokenizer.hpp"
#include "model/gguf_weights.hpp"
#include "model/t5_config.hpp"

namespace alarm_dist {
namespace {

bool is_encoder(const GgufFile& file) { return file.text("general.architecture") == "bert"; }

// The directory has its config.json.
TensorSources read_weights(const GgufFile& file, const std::string& model_type,
                           const std::filesystem::path& dir, c10::ScalarType dtype) {
  if (is_t5(model_type)) return gguf_t5_weights(file, read_t5_config(dir), dtype);
  if (is_encoder(file))
    return gguf_encoder_weights(file, read_encoder_config(dir / "config.json"), dtype);
  return gguf_weights(file, read_decoder_spec(dir), dtype);
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
  if (!is_encoder(file))
    write_file_atomically(dir / "generation_config.json", gguf_token_ids(file).dump(2) + "\n");
  write_file_atomically(dir / tokenizer.name, tokenizer.bytes);
  write_file_atomically(dir / "tokenizer_config.json",
                        gguf_tokenizer_config(file, tokenizer).dump(2) + "\n");
  stream_weights(dir, read_weights(file, config["model_type"].get<std::string>(), dir, dtype));
}

}  // namespace alarm_dist

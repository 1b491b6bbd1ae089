// SPDX-License-Identifier: Apache-2.0
// Encoders in GGUF files, by tests/golden/make_gguf_bert.py: the numbers are transformers'.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/model/encoder.hpp"
#include "alarm/store/tensor_file.hpp"

#include "model/compare.hpp"
#include "model/gguf_files.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using ::testing::HasSubstr;

at::Tensor golden(const std::string& key) {
  return TensorFile::open(gguf_dir() / "bert_expected.safetensors").get(key);
}

std::vector<EncoderInput> golden_inputs() {
  const auto tokens = golden("tokens"), lengths = golden("lengths");
  const auto* next = tokens.const_data_ptr<std::int64_t>();
  std::vector<EncoderInput> inputs;
  for (std::int64_t i = 0; i < lengths.numel(); ++i) {
    const auto* end = next + lengths[i].item<std::int64_t>();
    EncoderInput input;
    input.tokens.assign(next, end);
    input.types.assign(input.tokens.size(), 0);
    inputs.push_back(std::move(input));
    next = end;
  }
  return inputs;
}

std::unique_ptr<EncoderModel> import_encoder(const std::string& name, const TempDir& dir) {
  import_gguf(gguf_file(name), at::kDouble, dir.path());
  return EncoderModel::load(dir.path(), {.dtype = at::kDouble});
}

TEST(GgufEncoder, StatesOfBertAreThoseOfTransformers) {
  const TempDir dir;

  const auto model = import_encoder("bert", dir);

  EXPECT_LT(max_difference(model->hidden(golden_inputs()), golden("bert.states")), 1e-9);
  EXPECT_EQ(model->max_positions(), 16);
  EXPECT_EQ(model->token_types(), 2);
  EXPECT_FALSE(std::filesystem::exists(dir / "generation_config.json"));
}

TEST(GgufEncoder, StatesAndLogitsOfRobertaAreThoseOfTransformers) {
  const TempDir dir;

  const auto model = import_encoder("roberta", dir);

  EXPECT_LT(max_difference(model->hidden(golden_inputs()), golden("roberta.states")), 1e-9);
  EXPECT_LT(max_difference(model->logits(golden_inputs()), golden("roberta.logits")), 1e-9);
  EXPECT_EQ(model->max_positions(), 16);  // of 18 rows
  const auto config = nlohmann::json::parse(read_file(dir / "config.json"));
  EXPECT_EQ(config["model_type"], "roberta");
  EXPECT_EQ(config["architectures"][0], "RobertaForSequenceClassification");
}

// Of BERT's classifier GGUF files keep no pooler, and so not the whole of it.
TEST(GgufEncoder, APartOfAClassifierIsRefused) {
  auto bytes = read_file(gguf_file("roberta"));
  const std::string output = "cls.output.weight";
  bytes.replace(bytes.find(output), output.size(), "cls.0utput.weight");

  EXPECT_THAT(import_refusal("part.gguf", bytes),
              HasSubstr("part.gguf: tensor 'cls.weight' has no place in a model of the "
                        "architecture bert"));
}

TEST(GgufEncoder, ATokenizerOfAnotherFamilyIsRefused) {
  auto bytes = read_file(gguf_file("roberta"));
  bytes.replace(bytes.find("gpt2"), 4, "rwkv");

  EXPECT_THAT(import_refusal("rwkv.gguf", bytes),
              HasSubstr("rwkv.gguf: tokenizer.ggml.model is \"rwkv\" in a file of the "
                        "architecture bert; supported: bert (BERT)"));
}

}  // namespace
}  // namespace alarm_dist
